"""What the cells of a column of text are: numbers, flags, times or text, and which are missing."""

import math
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.number_form import NumberForm, all_grouped, without_unit
from leyden.data.odd_cells import Lines, doubt, judge, why_text
from leyden.data.report import Column, DataReport
from leyden.data.sentinels import sentinel_of
from leyden.data.times import parse_times
from leyden.data.unreadable import Unreadable
from leyden.data.words import Words

DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T, ].*)?")
"""What is a date to a reader, whatever the order of its parts."""


LIKE_TIME = re.compile(
    r".*(?:\d[:/-]\d|\d{1,2}\.\d{1,2}\.\d|\dT\d|Q[1-4]|W\d\d|\d days?"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*.*\d)",
    re.IGNORECASE,
)
"""What could be a time: others are not tried in a hundred forms."""


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
    words, bare = Words.of(cells, form, missing), cells
    stripped = None if words.numbers else without_unit(words.odd)
    if stripped is not None:
        numbers, unit = stripped
        bare = [numbers.get(cell, cell) for cell in cells]
        words = Words.of(bare, form, missing)
        report.notes.append(f"column {name}: each number has the unit `{unit}`")
    column = Column(name, "text")
    report.columns.append(column)
    kind, absent = _kind(column, words, form, Lines(bare, lines), report)
    present = words.counts.keys() - absent
    column.kind = kind
    column.missing = {word: words.counts[word] for word in sorted(absent & words.counts.keys())}
    column.example = next(
        (cell for cell, one in zip(cells, bare, strict=True) if one in present), ""
    )
    if kind not in ("numbers", "empty"):
        column.distinct = len(present)
        kept = [None if cell in absent else cell for cell in cells]
        return pd.Series(kept, dtype=object, name=name)
    values = words.numbers | dict.fromkeys(absent, math.nan)
    array = np.fromiter(map(values.__getitem__, bare), np.float64, count=len(cells))
    found = pd.Series(array, name=name)
    column.distinct = int(found.nunique())
    _say_sentinel(found, report)
    return found


def _kind(
    column: Column, words: Words, form: NumberForm, lines: Lines, report: DataReport
) -> tuple[str, set[str]]:
    """What a column is, and the words that are missing in it."""
    present = words.counts.keys() - words.absent
    if not present:
        return "empty", words.absent
    if words.numbers and not words.odd:
        reason = why_text(words, form)
        if reason is None:
            column.problem = doubt(words, form, lines)
            if all_grouped(words.numbers, form) and not column.problem:
                some = next(iter(words.numbers))
                report.notes.append(
                    f"column {column.name}: all numbers have three decimals; `{some}` is taken as"
                    f" {form.number(some):g}"
                )
            absent = words.absent | words.stand_ins
            return "numbers" if words.counts.keys() - absent else "empty", absent
        column.reason = f"taken as text, {reason}"
        report.notes.append(f"column {column.name}: {column.reason}")
    if {word.lower() for word in present} <= {"true", "false"}:
        return "flags", words.absent
    dates = present - words.stand_ins
    if dates and _are_times(column, dates):
        return "times", words.absent | words.stand_ins
    if words.odd:
        column.problem, said = judge(words, form, lines)
        report.warnings += [f"column {column.name} {said}"] if said else []
    return "text", words.absent


def _are_times(column: Column, present: Collection[str]) -> bool:
    """Whether all cells are times; such that could be several are a problem of the column."""
    if not all(map(LIKE_TIME.match, present)):
        return False
    words = pd.Series(sorted(present), name=column.name, dtype=object)
    try:
        parse_times(words, key="features")
    except Unreadable as error:
        if not all(map(DATE.fullmatch, present)):
            return False
        column.problem = str(error).removeprefix(f"column `{column.name}`: ")
    return True


def _say_sentinel(values: "pd.Series[Any]", report: DataReport) -> None:
    number = sentinel_of(values)
    if number is None:
        return
    others, count = values[values != number], int((values == number).sum())
    report.warnings.append(
        f"column {values.name}: {number:g} stands in {count:,} cells, far from all others"
        f" ({others.min():g} to {others.max():g}); data.missing=[{number:g}] takes it as missing"
    )
