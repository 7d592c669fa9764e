"""The different cells of a column of text: missing, numbers, and what is neither."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from leyden.data.errors import excerpt
from leyden.data.parsing.number_format import (
    GLUED_UNIT,
    LARGEST_EXACT,
    LEADING_ZERO,
    NumberFormat,
    alternative_formats,
    ambiguous_number,
    looks_like_number,
)

MISSING_NUMBER_WORDS = frozenset(
    (
        *("?", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "missing", "\\n"),
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "n/d", "n.d.", "k.a.", "nan", "-nan"),
        *("null", "(null)", "none", "nil", "nat"),
        *("#value!", "#ref!", "#div/0!", "#num!", "#name?"),
        *("0000-00-00", "0000-00-00 00:00:00", "00.00.0000", "00/00/0000", "00-00-0000"),
        *("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "\u221e", "-\u221e"),
    )
)
"""Words for missing numbers and times, in lower case; infinite numbers count as missing."""


PROGRAMS_MISSING_WORDS = frozenset(
    (
        *("?", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "(null)", "nat", "\\n"),
        *("#value!", "#ref!", "#div/0!", "#num!", "#name?"),
    )
)
"""The missing words that programs write, and few people for anything else, in lower case."""


@dataclass(frozen=True)
class DistinctCells:
    """The different cells of a column of text.

    Attributes:
        counts: Number of occurrences of each cell.
        numbers: Value of each cell that is a number.
        missing: Cells that are missing values in any column.
        missing_numbers: Cells that are missing values if the column holds numbers.
        others: All other cells.
    """

    counts: Counter[str]
    numbers: dict[str, float]
    missing: set[str]
    missing_numbers: set[str]
    others: list[str]

    @classmethod
    def of(
        cls, cells: Sequence[str], form: NumberFormat, missing: frozenset[str]
    ) -> "DistinctCells":
        """The different cells of a column.

        Args:
            cells: All cells of the column.
            form: Format of the numbers.
            missing: Cells that the user calls missing; of a number, in any format.
        """
        counts = Counter(cells)
        numbers = {word: form.number(word) for word in counts if form.is_number(word)}
        said = {float(word) for word in missing if NumberFormat().is_number(word)}
        absent = {
            word for word in counts if not word or word in missing or numbers.get(word) in said
        }
        numbers = {word: value for word, value in numbers.items() if word not in absent}
        missing_numbers = {word for word, value in numbers.items() if math.isinf(value)}
        others = []
        for word in counts:
            if word.lower() in MISSING_NUMBER_WORDS and word not in absent:
                missing_numbers.add(word)
            elif word not in absent and word not in numbers:
                others.append(word)
        return cls(counts, numbers, absent, missing_numbers, others)

    def num_cells(self, words: Iterable[str]) -> int:
        """Number of cells that are one of some words."""
        return sum(self.counts[word] for word in words)


MOST_MALFORMED = 5
"""Largest number of different texts in a column of numbers; with more it is text."""

LEAST_SHARE_WARNED = 0.2
"""Share of numbers from which a warning says that a column is taken as text."""

BARE = "leave the bare number in each cell"


def reason_for_text(distinct: DistinctCells, form: NumberFormat) -> str | None:
    """The reason to take a column of numbers as text; None: there is none."""
    for word, number in distinct.numbers.items():
        if LEADING_ZERO.fullmatch(word):
            return f"since `{excerpt(word)}` has a leading zero"
        if LARGEST_EXACT <= abs(number) < math.inf and not form.is_exact(word):
            return f"since `{excerpt(word)}` has more digits than a number of 64 bits keeps"
    return None


def describe_ambiguity(distinct: DistinctCells, form: NumberFormat, lines: "CellLines") -> str:
    """The problem of numbers that can be read in two ways; empty where there is none."""
    cell = ambiguous_number(list(distinct.numbers), form)
    if cell is None:
        return ""
    is_comma = form.decimal == "comma"
    other = NumberFormat("point", "comma") if is_comma else NumberFormat("comma", "point")
    one, grouped = f"{form.number(cell):.15g}", f"{other.number(cell):.15g}"
    readings = f"data.thousands=none reads {one}, {other.reads(cell, form)}"
    return f"`{excerpt(cell)}`{lines.of(cell)} may be {one} or {grouped}; {readings}"


def describe_malformed(
    distinct: DistinctCells, form: NumberFormat, lines: "CellLines"
) -> tuple[str, str]:
    """The problem of a column that seems to hold numbers, or a note about it.

    Args:
        distinct: Cells of the column; some are no numbers.
        form: Format of the numbers.
        lines: Lines of the cells in the file.

    Returns:
        Both empty where the column is text.
    """
    seeming = [word for word in distinct.others if looks_like_number(word)]
    glued = [word for word in distinct.others if GLUED_UNIT.fullmatch(word)]
    seeming += glued if len(glued) > MOST_MALFORMED else []
    num_numbers, num_odd = distinct.num_cells(distinct.numbers), distinct.num_cells(distinct.others)
    cell = (seeming or distinct.others)[0]
    others = alternative_formats([*distinct.numbers, *distinct.others], form)
    like_numbers = [*distinct.numbers, *seeming]
    num_rest = len(distinct.others) - len(seeming)
    if not others and seeming and num_rest <= min(MOST_MALFORMED, len(like_numbers) / 2):
        others = alternative_formats(like_numbers, form)
    are_numbers = len(seeming) > 0.9 * len(distinct.others)
    has_few_odd = len(distinct.others) <= min(MOST_MALFORMED, len(distinct.numbers) / 2)
    if others or has_few_odd or are_numbers:
        such = f" ({num_odd:,} of {num_numbers + num_odd:,} cells are such)" if num_odd > 1 else ""
        hint = _hint(distinct, cell, form, others)
        return f"`{excerpt(cell)}`{lines.of(cell)} is no number{such}; {hint}", ""
    if num_numbers >= LEAST_SHARE_WARNED * (num_numbers + num_odd):
        counts = f"{num_numbers:,} cells are numbers, {num_odd:,} are not"
        return "", f"is taken as text: {counts}, such as `{excerpt(cell)}`{lines.of(cell)}"
    return "", ""


def _hint(
    distinct: DistinctCells, cell: str, form: NumberFormat, others: list[NumberFormat]
) -> str:
    """The advice for cells that are no numbers in a column of numbers."""
    if others:
        return ", ".join(other.reads(cell, form) for other in others)
    if len(distinct.others) <= min(MOST_MALFORMED, len(distinct.numbers)):
        listed = ",".join(override_item(word) for word in distinct.others)
        other_way = f"{BARE}, or " if looks_like_number(cell) else ""
        return f'{other_way}"data.missing=[{listed}]" takes such cells as missing'
    return BARE


def override_item(word: str) -> str:
    """A word, quoted as in a list of an override."""
    if word.isalnum() and word.lower() not in ("null", "true", "false", "nan"):
        return word
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


class CellLines:
    """The lines of the cells of a column in its file.

    Args:
        cells: Cells of the column.
        lines: Line of each cell; empty for a file without lines.
    """

    def __init__(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        self._cells = cells
        self._lines = lines

    def of(self, cell: str) -> str:
        """The line of the first such cell, in brackets; empty for a file without lines."""
        return f" (line {self._lines[list(self._cells).index(cell)]:,})" if self._lines else ""


FAR_RANGES = 2
"""Distance of a sentinel from all other numbers, in ranges of these."""

OFTEN_TIMES = 10
APART_SHARE = 0.1
"""A negative whole number is a sentinel too if it is so many times as frequent as others, and this
share of their range away from them, such as -200 in UCI's air quality."""


def looks_like_sentinel(number: float) -> bool:
    """Whether a number consists of nines, or is -1."""
    whole = int(number)
    return whole == number and (whole == -1 or set(str(abs(whole))) == {"9"})


def find_sentinel(
    values: "pd.Series[Any]", *, is_word: Callable[[float], bool] = looks_like_sentinel
) -> float | None:
    """A repeated number that is far from all others; None: there is none.

    Args:
        values: Values of a column of numbers.
        is_word: Function that says whether a number may be a sentinel.
    """
    counts = values.value_counts()
    for one in (counts.index.min(), counts.index.max()):
        others = counts.index[counts.index != one]
        if len(others) < 3 or counts[one] < 2:
            continue
        low, high = others.min(), others.max()
        away = min(abs(one - low), abs(one - high))
        is_often = counts[one] > OFTEN_TIMES * counts[others].median()
        if away > FAR_RANGES * (high - low) and is_word(float(one)):
            return float(one)
        if one < 0 and one % 1 == 0 and is_often and away > APART_SHARE * (high - low):
            return float(one)
    return None
