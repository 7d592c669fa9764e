"""The types of columns: numbers, flags, times or text, and which cells are missing."""

import math
import re
from calendar import monthrange
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.errors import DataError, excerpt
from leyden.data.parsing.cells import (
    MOST_MALFORMED,
    CellLines,
    DistinctCells,
    describe_ambiguity,
    describe_malformed,
    find_sentinel,
    override_item,
    reason_for_text,
)
from leyden.data.parsing.number_format import (
    LARGEST_EXACT,
    NumberFormat,
    may_all_be_grouped,
    strip_unit,
)
from leyden.data.parsing.times import parse_times
from leyden.data.report import Column, DataReport

DATE = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2}))(?:[T, ].*)?"
)
"""A date in any order of day, month and year; the year has two or four digits."""

LIKE_VERSION = re.compile(r"(?=\d\.|\d+\.\d\.)\d{1,2}\.\d{1,2}\.\d{2}")
"""A date or a version, such as 10.1.12: the day or the month has one digit."""

LIKE_TIME = re.compile(
    r".*(?:\d[:/-]\d|\d{1,2}\.\d{1,2}\.\d|\dT\d|Q[1-4]|W\d\d|\d days?"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*.*\d)",
    re.IGNORECASE,
)
"""A text that could be a time; others are not tried in a hundred formats."""


def parse_text_column(
    name: str,
    cells: Sequence[str],
    lines: Sequence[int],
    form: NumberFormat,
    missing: frozenset[str],
    report: DataReport,
) -> "pd.Series[Any]":
    """A column of a text file, converted to the type that its cells have.

    Cells of numbers become float64, with NaN where they are missing; all others stay text, with
    None. Of a text only an empty cell is missing, or what the user says is.

    Args:
        name: Name of the column.
        cells: Cells without blanks at their ends.
        lines: Line of each cell in the file.
        form: Format of the numbers.
        missing: Cells that the user calls missing.
        report: Report that is told what the column is.
    """
    distinct, bare = DistinctCells.of(cells, form, missing), cells
    stripped = None if distinct.numbers else strip_unit(distinct.others)
    if stripped is not None:
        numbers, unit = stripped
        bare = [numbers.get(cell, cell) for cell in cells]
        distinct = DistinctCells.of(bare, form, missing)
        report.notes.append(f"column {name}: each number has the unit `{unit}`")
    column = Column(name, "text", unit=stripped[1] if stripped else "")
    report.columns.append(column)
    kind, absent = _infer_kind(column, distinct, form, CellLines(bare, lines), report)
    present = distinct.counts.keys() - absent
    column.kind = kind
    column.missing = {
        word: distinct.counts[word] for word in sorted(absent & distinct.counts.keys())
    }
    column.example = next(
        (cell for cell, one in zip(cells, bare, strict=True) if one in present), ""
    )
    if kind not in ("numbers", "empty"):
        # TRUE, True and true are one flag.
        one_case = str.capitalize if kind == "flags" and len(present) > 2 else str
        kept = [None if cell in absent else one_case(cell) for cell in cells]
        column.distinct = len(set(map(one_case, present)))
        return pd.Series(kept, dtype=object, name=name)
    values = distinct.numbers | dict.fromkeys(absent, math.nan)
    array = np.fromiter(map(values.__getitem__, bare), np.float64, count=len(cells))
    found = pd.Series(array, name=name)
    column.distinct = int(found.nunique())
    _warn_of_sentinel(found, report)
    return found


def _infer_kind(
    column: Column,
    distinct: DistinctCells,
    form: NumberFormat,
    lines: CellLines,
    report: DataReport,
) -> tuple[str, set[str]]:
    """The kind of a column, and its cells that are missing."""
    present = distinct.counts.keys() - distinct.missing
    if not present:
        return "empty", distinct.missing
    if distinct.numbers and not distinct.others:
        reason = reason_for_text(distinct, form)
        if reason is None:
            column.problem = describe_ambiguity(distinct, form, lines)
            if may_all_be_grouped(distinct.numbers, form) and not column.problem:
                some = next(iter(distinct.numbers))
                report.notes.append(
                    f"column {column.name}: all numbers have three decimals; `{some}` is taken as"
                    f" {form.number(some):g}"
                )
            absent = distinct.missing | distinct.missing_numbers
            return "numbers" if distinct.counts.keys() - absent else "empty", absent
        column.reason = f"taken as text, {reason}"
        report.notes.append(f"column {column.name}: {column.reason}")
    if {word.lower() for word in present} <= {"true", "false"}:
        return "flags", distinct.missing
    if _are_times(column, present - distinct.missing_numbers, lines):
        return "times", distinct.missing | distinct.missing_numbers
    if distinct.others:
        column.problem, said = describe_malformed(distinct, form, lines)
        report.warnings += [f"column {column.name} {said}"] if said else []
    return "text", distinct.missing


def _are_times(column: Column, present: Collection[str], lines: CellLines) -> bool:
    """Whether cells are times; malformed and ambiguous ones become a problem of the column."""
    times = [cell for cell in present if LIKE_TIME.match(cell) and not _is_in_no_calendar(cell)]
    odd = sorted(set(present).difference(times))
    are_dates = all(map(DATE.fullmatch, times))
    if not times or (odd and not (are_dates and len(odd) <= min(MOST_MALFORMED, len(times) / 2))):
        return False
    try:
        parse_times(pd.Series(sorted(times), name=column.name, dtype=object), key="features")
    except DataError as error:
        if not are_dates:
            return False
        column.problem = str(error).removeprefix(f"column `{column.name}`: ")
        return True
    versions = sorted(filter(LIKE_VERSION.fullmatch, times))
    if odd:
        listed = ",".join(map(override_item, odd))
        column.problem = (
            f"`{excerpt(odd[0])}`{lines.of(odd[0])} is no time;"
            f' "data.missing=[{listed}]" takes such cells as missing'
        )
    elif versions:
        column.problem = (
            f"`{versions[0]}`{lines.of(versions[0])} may be a date or a version;"
            " data.time_format='%d.%m.%y' reads dates,"
            f' "data.categories=[{override_item(column.name)}]" names'
        )
    return True


def _is_in_no_calendar(cell: str) -> bool:
    """Whether a cell has the form of a date, and there is no such day: 2024-02-31."""
    if not DATE.fullmatch(cell):
        return False
    first, second, third = map(int, re.findall(r"\d+", cell)[:3])
    is_year_first = re.match(r"\d{4}", cell)
    orders = [(first, second, third)] if is_year_first else [(third, second, first)]
    orders += [] if is_year_first else [(third, first, second)]
    return not any(_is_day(*one) for one in orders)


def _is_day(year: int, month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 2000, month)[1]


def _warn_of_sentinel(values: "pd.Series[Any]", report: DataReport) -> None:
    number = find_sentinel(values)
    if number is None:
        return
    others, count = values[values != number], int((values == number).sum())
    report.warnings.append(
        f"column {values.name}: {number:g} stands in {count:,} cells, far from all others"
        f" ({others.min():g} to {others.max():g}); data.missing=[{number:g}] takes it as missing"
    )


def convert_typed_column(
    values: "pd.Series[Any]", missing: frozenset[str], report: DataReport
) -> "pd.Series[Any]":
    """A column as `read_table` gives it, from one that has a type already.

    Args:
        values: Values of the column; None, NaN and pandas' NA are missing.
        missing: Cells that the user calls missing.
        report: Report that is told what the column is.
    """
    name, dtype = str(values.name), values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        texts = values.astype(object).map({True: "True", False: "False"})
        return parse_text_column(name, _cells(texts), (), NumberFormat(), missing, report)
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        report.columns.append(_described(values.rename(name), "times"))
        return values.rename(name)
    if pd.api.types.is_integer_dtype(dtype) and not _is_exact(values):
        # As a text file's would be: more digits than a floating-point number keeps.
        return parse_text_column(
            name, _cells(values.astype(object)), (), NumberFormat(), missing, report
        )
    if pd.api.types.is_numeric_dtype(dtype):
        return _numbers(values.astype("Float64").rename(name), missing, report)
    return parse_text_column(
        name, _cells(values.astype(object)), (), NumberFormat(), missing, report
    )


def _cells(values: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(value) else str(value).strip() for value in values]


def _is_exact(values: "pd.Series[Any]") -> bool:
    present = values.dropna()
    return present.empty or max(int(present.max()), -int(present.min())) <= LARGEST_EXACT


def _numbers(
    values: "pd.Series[Any]", missing: frozenset[str], report: DataReport
) -> "pd.Series[float]":
    array = values.to_numpy(dtype=np.float64, na_value=math.nan, copy=True)
    absent: dict[str, int] = {}
    said = {float(word) for word in missing if NumberFormat().is_number(word)}
    for word, is_it in [
        ("", np.isnan(array)),
        ("inf", np.isinf(array)),
        *((f"{number:g}", array == number) for number in sorted(said)),
    ]:
        if is_it.any():
            absent[word] = int(is_it.sum())
            array[is_it] = math.nan
    found = pd.Series(array, name=values.name)
    column = _described(found, "numbers" if found.notna().any() else "empty")
    column.missing = absent
    report.columns.append(column)
    return found


def _described(values: "pd.Series[Any]", kind: str) -> Column:
    present = values.dropna()
    example = "" if present.empty else str(present.iloc[0])
    column = Column(str(values.name), kind, example=example, distinct=int(present.nunique()))
    column.missing = {"": len(values) - len(present)} if len(present) < len(values) else {}
    return column
