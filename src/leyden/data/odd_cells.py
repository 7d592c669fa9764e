"""What is said of cells that are no numbers in a column that seems to hold numbers."""

import math
from collections.abc import Sequence

from leyden.data.number_form import (
    GLUED_UNIT,
    LARGEST_EXACT,
    LEADING_ZERO,
    NumberForm,
    doubtful,
    looks_like_number,
    other_forms,
)
from leyden.data.shown import shown
from leyden.data.words import Words

FEW_ODD_WORDS = 5
"""A column of numbers has no more different other texts than this; with more it is text."""

LEAST_SHARE_SAID = 0.2
"""Of cells that are numbers, from which it is said that a column is taken as text."""

BARE = "leave the bare number in each cell"


def why_text(words: Words, form: NumberForm) -> str | None:
    """Why cells that are all written as numbers are names of something."""
    for word, number in words.numbers.items():
        if LEADING_ZERO.fullmatch(word):
            return f"since `{shown(word)}` has a leading zero"
        if LARGEST_EXACT <= abs(number) < math.inf and not form.is_exact(word):
            return f"since `{shown(word)}` has more digits than a number of 64 bits keeps"
    return None


def doubt(words: Words, form: NumberForm, lines: "Lines") -> str:
    """Why it is not clear which numbers the cells are; empty where it is."""
    cell = doubtful(list(words.numbers), form)
    if cell is None:
        return ""
    is_comma = form.decimal == "comma"
    other = NumberForm("point", "comma") if is_comma else NumberForm("comma", "point")
    one, grouped = f"{form.number(cell):.15g}", f"{other.number(cell):.15g}"
    readings = f"data.thousands=none reads {one}, {other.reads(cell, form)}"
    return f"`{shown(cell)}`{lines.of(cell)} may be {one} or {grouped}; {readings}"


def judge(words: Words, form: NumberForm, lines: "Lines") -> tuple[str, str]:
    """The problem of a column that seems to hold numbers, or else what is to be said of it.

    Args:
        words: Its cells; some are no numbers.
        form: How numbers are written.
        lines: Where they stand.

    Returns:
        Both empty where the column is text.
    """
    seeming = [word for word in words.odd if looks_like_number(word)]
    glued = [word for word in words.odd if GLUED_UNIT.fullmatch(word)]
    seeming += glued if len(glued) > FEW_ODD_WORDS else []
    num_numbers, num_odd = words.num_cells(words.numbers), words.num_cells(words.odd)
    cell = (seeming or words.odd)[0]
    others = other_forms([*words.numbers, *words.odd], form)
    like_numbers = [*words.numbers, *seeming]
    num_rest = len(words.odd) - len(seeming)
    if not others and seeming and num_rest <= min(FEW_ODD_WORDS, len(like_numbers) / 2):
        others = other_forms(like_numbers, form)
    are_numbers = len(seeming) > 0.9 * len(words.odd)
    has_few_odd = len(words.odd) <= min(FEW_ODD_WORDS, len(words.numbers) / 2)
    if others or has_few_odd or are_numbers:
        such = f" ({num_odd:,} of {num_numbers + num_odd:,} cells are such)" if num_odd > 1 else ""
        hint = _hint(words, cell, form, others)
        return f"`{shown(cell)}`{lines.of(cell)} is no number{such}; {hint}", ""
    if num_numbers >= LEAST_SHARE_SAID * (num_numbers + num_odd):
        counts = f"{num_numbers:,} cells are numbers, {num_odd:,} are not"
        return "", f"is taken as text: {counts}, such as `{shown(cell)}`{lines.of(cell)}"
    return "", ""


def _hint(words: Words, cell: str, form: NumberForm, others: list[NumberForm]) -> str:
    """What to type for cells that are no numbers in a column of numbers."""
    if others:
        return ", ".join(other.reads(cell, form) for other in others)
    if len(words.odd) <= min(FEW_ODD_WORDS, len(words.numbers)):
        listed = ",".join(as_typed(word) for word in words.odd)
        other_way = f"{BARE}, or " if looks_like_number(cell) else ""
        return f'{other_way}"data.missing=[{listed}]" takes such cells as missing'
    return BARE


def as_typed(word: str) -> str:
    """A word as it is typed in a list of an override."""
    if word.isalnum() and word.lower() not in ("null", "true", "false", "nan"):
        return word
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class Lines:
    """Where cells of a column stand in the file.

    Args:
        cells: Of the column.
        lines: Line of each; of no line where the file has none.
    """

    def __init__(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        self._cells = cells
        self._lines = lines

    def of(self, cell: str) -> str:
        """The line of the first such cell, in brackets."""
        return f" (line {self._lines[list(self._cells).index(cell)]:,})" if self._lines else ""
