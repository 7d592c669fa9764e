"""What the cells of a column are: numbers, flags or text, and which of them are missing."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.number_form import (
    GLUED_UNIT,
    LEADING_ZERO,
    NumberForm,
    doubtful,
    looks_like_number,
    other_form,
)
from leyden.data.report import Column, DataReport

MISSING_IN_NUMBERS = frozenset(
    (
        *("?", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "missing", "\\n"),
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "n/d", "n.d.", "k.a.", "nan", "-nan"),
        *("null", "(null)", "none", "nil", "nat"),
        *("#value!", "#ref!", "#div/0!", "#num!", "#name?"),
        *("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "\u221e", "-\u221e"),
    )
)
"""Words that stand for no number, in lower case; what is infinite can't be learned from."""

FEW_ODD_WORDS = 5
"""A column of numbers has no more different other texts than this; with more it is text."""

LEAST_SHARE_SAID = 0.2
"""Of cells that are numbers, from which it is said that a column is taken as text."""


@dataclass(frozen=True)
class Words:
    """The different cells of a column.

    Attributes:
        counts: How often each comes.
        numbers: Those that are numbers.
        absent: Those that are missing whatever the column is.
        stand_ins: Those that are missing in a column of numbers.
        odd: All others.
    """

    counts: Counter[str]
    numbers: dict[str, float]
    absent: set[str]
    stand_ins: set[str]
    odd: list[str]

    @classmethod
    def of(cls, cells: Sequence[str], form: NumberForm, missing: frozenset[str]) -> "Words":
        """The words of a column.

        Args:
            cells: Of the column.
            form: How numbers are written.
            missing: What the user says is missing; a number in any form.
        """
        counts = Counter(cells)
        numbers = {word: form.number(word) for word in counts if form.is_number(word)}
        said = {float(word) for word in missing if NumberForm().is_number(word)}
        absent = {
            word for word in counts if not word or word in missing or numbers.get(word) in said
        }
        numbers = {word: value for word, value in numbers.items() if word not in absent}
        stand_ins = {word for word, value in numbers.items() if math.isinf(value)}
        odd = []
        for word in counts:
            if word.lower() in MISSING_IN_NUMBERS and word not in absent:
                stand_ins.add(word)
            elif word not in absent and word not in numbers:
                odd.append(word)
        return cls(counts, numbers, absent, stand_ins, odd)

    def num_cells(self, words: Sequence[str]) -> int:
        """Cells that are one of some words."""
        return sum(self.counts[word] for word in words)


def typed(
    name: str,
    cells: Sequence[str],
    lines: Sequence[int],
    form: NumberForm,
    missing: frozenset[str],
    report: DataReport,
) -> "pd.Series[Any]":
    """A column of text by what its cells are.

    Cells of numbers become float64, with NaN where they are missing; all others stay text, with
    None. Of a text only an empty cell is missing, or what the user says is.

    Args:
        name: Of the column.
        cells: Without blanks at their ends.
        lines: Line of each cell in the file.
        form: How numbers are written.
        missing: What the user says is missing.
        report: It is told what the column is.
    """
    words = Words.of(cells, form, missing)
    column = Column(name, "text")
    report.columns.append(column)
    is_numbers = bool(words.numbers) and not words.odd
    if is_numbers and (reason := _why_no_numbers(words, form)):
        report.notes.append(f"column {name}: taken as text, {reason}")
        is_numbers = False
    elif is_numbers:
        column.problem = _doubt(words, form, cells, lines)
    elif words.odd:
        _judge_text(column, words, cells, lines, form, report)
    absent = words.absent | words.stand_ins if is_numbers else words.absent
    present = words.counts.keys() - absent
    if not present:
        column.kind = "empty"
    elif is_numbers:
        column.kind = "numbers"
    elif {word.lower() for word in present} <= {"true", "false"}:
        column.kind = "flags"
    column.missing = {word: words.counts[word] for word in sorted(absent & words.counts.keys())}
    column.example = next((cell for cell in cells if cell in present), "")
    if column.kind in ("numbers", "empty"):
        values = dict.fromkeys(words.counts, math.nan)
        values |= {word: words.numbers[word] for word in present}
        column.distinct = len({values[word] for word in present})
        array = np.fromiter((values[cell] for cell in cells), np.float64, count=len(cells))
        return pd.Series(array, name=name)
    column.distinct = len(present)
    kept = [None if cell in absent else cell for cell in cells]
    return pd.Series(kept, dtype=object, name=name)


def _why_no_numbers(words: Words, form: NumberForm) -> str | None:
    """Why cells that are written as numbers are names of something."""
    for word in words.numbers:
        if LEADING_ZERO.fullmatch(word):
            return f"since `{word}` has a leading zero"
        if not form.is_exact(word):
            return f"since `{word}` has more digits than a number of 64 bits keeps"
    return None


def _doubt(words: Words, form: NumberForm, cells: Sequence[str], lines: Sequence[int]) -> str:
    """Why it is not clear which numbers the cells are."""
    cell = doubtful(list(words.numbers), form)
    if cell is None:
        return ""
    other = (
        NumberForm("point", "comma") if form.decimal == "comma" else NumberForm("comma", "point")
    )
    where = _where(cell, cells, lines)
    one, grouped = f"{form.number(cell):.15g}", f"{other.number(cell):.15g}"
    return (
        f"`{cell}`{where} may be {one} or {grouped}; {other.keys(form)} reads {grouped},"
        f" data.thousands=none reads {one}"
    )


def _judge_text(
    column: Column,
    words: Words,
    cells: Sequence[str],
    lines: Sequence[int],
    form: NumberForm,
    report: DataReport,
) -> None:
    """Says why a column that seems to hold numbers is text."""
    disguised = [word for word in words.odd if looks_like_number(word)]
    glued = [word for word in words.odd if GLUED_UNIT.fullmatch(word)]
    if len(glued) > FEW_ODD_WORDS:
        disguised += glued
    num_numbers, num_odd = words.num_cells(list(words.numbers)), words.num_cells(words.odd)
    cell = disguised[0] if disguised else words.odd[0]
    where = _where(cell, cells, lines)
    other = other_form([*words.numbers, *words.odd], form)
    is_disguised = len(disguised) > 0.9 * len(words.odd)
    has_few_odd = len(words.odd) <= min(FEW_ODD_WORDS, len(words.numbers) / 2)
    if other or has_few_odd or is_disguised:
        total = num_numbers + num_odd
        such = f" ({num_odd:,} of {total:,} cells are such)" if num_odd > 1 else ""
        column.problem = f"`{cell}`{where} is no number{such}{_hint(words, cell, form, other)}"
    elif num_numbers >= LEAST_SHARE_SAID * (num_numbers + num_odd):
        report.warnings.append(
            f"column {column.name} is taken as text: {num_numbers:,} cells are numbers, {num_odd:,}"
            f" are not, such as `{cell}`{where}"
        )


def _hint(words: Words, cell: str, form: NumberForm, other: NumberForm | None) -> str:
    """What to type for cells that are no numbers in a column of numbers."""
    if other is not None:
        return f"; {other.keys(form)} reads it as {other.number(cell):.15g}"
    if len(words.odd) <= min(FEW_ODD_WORDS, len(words.numbers)):
        listed = ",".join(as_typed(word) for word in words.odd)
        return f'; "data.missing=[{listed}]" takes such cells as missing'
    return "; leave the bare number in each cell"


def as_typed(word: str) -> str:
    """A word as it is typed in a list of an override."""
    if word.isalnum() and word.lower() not in ("null", "true", "false", "nan"):
        return word
    escaped = word.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _where(cell: str, cells: Sequence[str], lines: Sequence[int]) -> str:
    return f" (line {lines[list(cells).index(cell)]:,})" if len(lines) else ""
