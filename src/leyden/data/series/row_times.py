"""The times of the rows of a series: the columns that hold them, and the order they imply."""

import re
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError, format_cell
from leyden.data.parsing.table_file import column_of
from leyden.data.parsing.times import BY_FORMAT, Times, parse_times, possible_times
from leyden.data.report import DataReport
from leyden.data.series.time_grid import find_grid

Groups = Sequence[tuple[str, NDArray[np.intp]]]
"""Names and rows of series."""

DATE_PARTS = {
    "year": {"year", "yr", "yyyy"},
    "month": {"month", "mon", "mo", "mm"},
    "day": {"day", "dd", "dom", "doy", "yday"},
    "hour": {"hour", "hr", "hh"},
    "minute": {"minute", "min"},
    "second": {"second", "sec"},
}
"""Names of columns that hold a part of a date each, in lower case."""

TIME_NAMES = {"time", "times", "date", "dates", "datetime", "timestamp", "ds", "t", "unix", "epoch"}
"""Columns of numbers that are times when they are called so, beside parts of dates."""

MAY_BE_TIME = re.compile(r"(?:^|\D)(?:1[6-9]|20)\d\d(?:\D|$)|\d[:/.-]\d")
"""A text that may be a time, in any format."""

CLOCK = re.compile(r"^\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?[AaPp]\.?[Mm]\.?)?$")

FEW_REPEATED = 0.02
"""Share of times that come again when clocks are set back."""


def read_times(
    frame: pd.DataFrame,
    names: Sequence[str],
    *,
    time_format: str | None,
    time_zone: str | None,
    report: DataReport,
) -> Times:
    """The times of one column, or of several together, such as a date and a clock.

    Args:
        frame: The table.
        names: Names of the columns.
        time_format: Format of the times, see `parse_times`.
        time_zone: Zone of times without an offset, such as Europe/Berlin.
        report: Report of what the columns hold.

    Raises:
        DataError: A row has no time, or it is not clear which.
    """
    columns = [column_of(frame, name, key="time") for name in names]
    if len(columns) == 1:
        times = parse_times(columns[0], key="time", time_format=time_format)
    elif all(report.column(name).kind == "numbers" for name in names):
        times = _of_parts(columns)
    else:
        texts = [column.map(format_cell) for column in columns]
        rows = zip(*texts, strict=True)
        joined = pd.Series([" ".join(map(str, row)) for row in rows], name=" ".join(names))
        times = parse_times(joined, key="time", time_format=time_format)
    return times if time_zone is None else _in_zone(times, time_zone)


def _of_parts(columns: "list[pd.Series[Any]]") -> Times:
    """Times of numbers in several columns: by their names, or from the year on."""
    kinds = [
        next((kind for kind, words in DATE_PARTS.items() if str(one.name).lower() in words), "")
        for one in columns
    ]
    if "" in kinds or len(set(kinds)) < len(kinds):
        kinds = list(DATE_PARTS)[: len(columns)]
    name = " ".join(str(one.name) for one in columns)
    if "year" not in kinds or len(columns) > len(DATE_PARTS):
        raise DataError("time", f"columns {name}: of several that are numbers one is the year")
    found = {kind: one.astype("float64") for kind, one in zip(kinds, columns, strict=True)}
    texts = [" ".join(map(format_cell, row)) for row in zip(*columns, strict=True)]
    cells = pd.Series(texts, name=name)
    first = pd.Series(1.0, index=cells.index)
    # Without a month days are those of the year; hour 24 is the next day's first.
    day = found.get("day", first)
    of_month = day if "month" in found else first
    parts = pd.DataFrame(
        {"year": found["year"], "month": found.get("month", first), "day": of_month}
    )
    date = pd.to_datetime(parts, errors="coerce")
    date = date if "month" in found else date + pd.to_timedelta(day - 1, unit="D")
    if "hour" in found:
        date = date + pd.to_timedelta(found["hour"], unit="h")
    if "minute" in found:
        date = date + pd.to_timedelta(found["minute"], unit="min")
    if "second" in found:
        date = date + pd.to_timedelta(found["second"], unit="s")
    if date.isna().any():
        row = int(date.isna().to_numpy().argmax())
        raise DataError("time", f"columns {name}: `{cells.iloc[row]}` is no date")
    return Times(date.astype("datetime64[us]"), f"dates by {', '.join(kinds)}", cells)


def _in_zone(times: Times, name: str) -> Times:
    """Times of a place in UTC; of an hour that comes twice the order of the rows tells which."""
    if not times.is_date or "offset" in times.form:
        raise DataError("time_zone", "is for dates without an offset")
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise DataError("time_zone", "is no time zone; Europe/Berlin is one") from error
    for moments in (times.moments, times.moments[::-1]):
        try:
            local = moments.dt.tz_localize(zone, ambiguous="infer")
        except ValueError as error:
            reason = str(error).splitlines()[0]
        else:
            in_utc = local.dt.tz_convert(None).astype("datetime64[us]").sort_index()
            return Times(in_utc, f"{times.form}, in {name}", times.cells)
    raise DataError("time_zone", f"does not fit the times: {reason}")


def time_override(frame: pd.DataFrame, name: str, others: Sequence[str]) -> str:
    """The override that takes a column for the time, with the columns of the rest of it.

    Args:
        frame: The table.
        name: Name of a column of times.
        others: Columns that are not used for something else.
    """
    lower = {str(one).lower(): str(one) for one in (*others, name)}
    parts = [
        found
        for words in DATE_PARTS.values()
        if (found := next((lower[word] for word in lower if word in words), None)) is not None
    ]
    if name in parts and len(parts) > 1:
        return f"'data.time=[{','.join(parts)}]'"
    for other in others:
        if other != name and _is_clock(frame[other]):
            return f"'data.time=[{name},{other}]'"
    return f"data.time={name}"


def _is_clock(cells: "pd.Series[Any]") -> bool:
    """Whether a column holds times of a day."""
    texts = cells.dropna().astype(str)
    return len(texts) > 0 and bool(
        texts.str.match(r"^\d{1,2}[:.]\d{2}([:.]\d{2})?( ?[AaPp]\.?[Mm])?").all()
    )


def require_order(
    frame: pd.DataFrame,
    others: Sequence[str],
    groups: Groups,
    report: DataReport,
) -> None:
    """Raises `DataError` for rows that a column of times shows to be out of order.

    Args:
        frame: The table.
        others: Columns that are not used for something else.
        groups: Names and rows of the series.
        report: Report that is told what may be wrong.

    Raises:
        DataError: Times go back from one row to the next.
    """
    for name in others:
        cells = frame[name]
        if cells.isna().any():
            continue
        if report.column(name).kind == "numbers":
            _check_numbers(frame, name, others, groups, report)
            continue
        readings = possible_times(cells)
        if not readings:
            is_dated = cells.astype(str).str.count(MAY_BE_TIME.pattern) > 0
            if is_dated.all() and cells.nunique() > len(cells) / 2:
                report.warnings.append(
                    f"column {name} may hold times, such as `{cells.iloc[0]}`, in a form that is"
                    " not known: rows are taken in the order of the file"
                )
            continue
        if all(_goes_back(one, groups) for one in readings):
            form = "" if len(readings) == 1 else f" {_form_of(readings[0])}"
            message = f"rows are not in the order of column `{name}`; type"
            raise DataError("time", f"{message} {time_override(frame, name, others)}{form}")
        if len(readings) == 1 and (uneven := _describe_uneven(readings[0], groups)):
            report.warnings.append(
                f"rows are taken as even, but {uneven};"
                f" {time_override(frame, name, others)} places them"
            )
            return


def _form_of(times: Times) -> str:
    return f"data.time_format='{times.form.removeprefix(BY_FORMAT)}'"


def _goes_back(times: Times, groups: Groups) -> bool:
    return any(bool((np.diff(times.keys[rows]) < 0).any()) for _, rows in groups)


def _describe_uneven(times: Times, groups: Groups) -> str | None:
    """The problem of times that are taken as even; None: a grid would not change them."""
    for _, rows in groups:
        if len(rows) < 2:
            continue
        own = times.only(rows)
        if pd.Series(own.keys).duplicated().any():
            return f"times of column {times.cells.name} come again"
        try:
            places = find_grid(own, key="time").places
        except DataError:
            continue
        if int(places.max()) + 1 != len(places):
            return f"times of column {times.cells.name} are missing"
    return None


def _check_numbers(
    frame: pd.DataFrame,
    name: str,
    others: Sequence[str],
    groups: Groups,
    report: DataReport,
) -> None:
    """Numbers are times if they are called so; such that fall from row to row may be."""
    lower = str(name).lower()
    times = parse_times(frame[name], key="time")
    if lower in TIME_NAMES or lower in DATE_PARTS["year"] or times.is_date:
        if _goes_back(times, groups):
            message = f"rows are not in the order of column `{name}`; type"
            raise DataError("time", f"{message} {time_override(frame, name, others)}")
        return
    is_falling = all(len(rows) > 2 and (np.diff(times.keys[rows]) < 0).all() for _, rows in groups)
    if is_falling:
        report.warnings.append(
            f"column {name} falls from row to row: if it is the time, type data.time={name}"
        )


def repeated_hint(
    frame: pd.DataFrame, names: Sequence[str], others: Sequence[str], share: float, *, is_date: bool
) -> str:
    """The advice where times are repeated.

    Args:
        frame: The table.
        names: Columns that say the time.
        others: Columns that are not used for something else.
        share: Share of the times that come again.
        is_date: Whether they are dates.
    """
    if (
        len(names) == 1
        and (more := time_override(frame, names[0], others)) != f"data.time={names[0]}"
    ):
        return f"{more} takes the rest of the time from another column"
    if is_date and share < FEW_REPEATED:
        return (
            "where clocks were set back, data.time_zone=Europe/Berlin (or yours) tells the hours"
            " apart; several series are told apart by data.by=COLUMN"
        )
    return "data.by=COLUMN takes the column that tells several series apart"
