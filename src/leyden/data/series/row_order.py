"""The order of the rows of labelled series, by their columns of times."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError, format_cell, override
from leyden.data.parsing.table_file import column_of
from leyden.data.parsing.times import Times, parse_times
from leyden.data.report import Column, DataReport
from leyden.data.series.time_grid import MICROSECONDS
from leyden.data.split_names import words_of

TIME_WORDS = {"time", "times", "date", "dates", "datetime", "timestamp", "timestep", "step", "t"}
TIME_WORDS |= {"ts", "tick", "epoch", "frame", "elapsed", "ms", "sec", "secs", "second", "seconds"}
TIME_WORDS |= {"minute", "minutes", "hour", "hours", "day", "days", "year", "years", "index", "idx"}
"""Words in the names of columns of numbers that say when a row is."""
HOLE = 1.5
"""Steps from one time to the next from which one is missing between them."""


def find_time_columns(
    frame: pd.DataFrame,
    sizes: NDArray[np.intp],
    columns: Sequence[Column],
    time_format: str | None,
) -> list[str]:
    """The columns that seem to be times.

    They are dates or durations that vary within a series; numbers that go up or down by even steps
    in each series; and numbers called so that go one way in each, or are the same in all.

    Args:
        frame: The rows of all series, one series after the other.
        sizes: Rows of each series.
        columns: Columns that may hold times.
        time_format: Format of the times, see `ColumnRoles`.
    """
    if len(sizes) == 0 or max(sizes) < 3:
        return []
    found = list[str]()
    for column in columns:
        cells = frame[column.name]
        if cells.isna().any():
            continue
        if column.kind == "numbers":
            if not column.problem and _counts_time(column.name, cells.to_numpy(np.float64), sizes):
                found.append(column.name)
        elif column.kind == "times" or (time_format and _fits_format(cells, time_format)):
            codes = pd.factorize(cells)[0]
            if (np.diff(codes)[_is_inside(sizes)] != 0).any():
                found.append(column.name)
    return found


def has_rising_times(
    cells: "pd.Series[Any]", sizes: NDArray[np.intp], time_format: str | None
) -> bool:
    """Whether the times of each series rise from row to row."""
    try:
        keys = parse_times(cells, key="time", time_format=_format_for(cells, time_format)).keys
    except DataError:
        return False
    return bool((np.diff(keys)[_is_inside(sizes)] > 0).all())


def order_by_time(
    frame: pd.DataFrame,
    sizes: NDArray[np.intp],
    wheres: Sequence[str],
    time: str | None,
    time_format: str | None,
    report: DataReport,
) -> NDArray[np.intp]:
    """The rows of each series by time; the report warns of missing times and uneven steps.

    Args:
        frame: The rows of all series, one series after the other.
        sizes: Rows of each series.
        wheres: Name of each series, for messages.
        time: Column of the times; None: rows are in order.
        time_format: Format of the times, see `ColumnRoles`.
        report: Report that is told of it.

    Raises:
        DataError: Times are none, or come again in a series.
    """
    if time is None:
        return np.arange(len(frame))
    cells = column_of(frame, time, key="time")
    times = parse_times(cells, key="time", time_format=_format_for(cells, time_format))
    series = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((times.keys, series))
    keys, inside = times.keys[order], _is_inside(sizes)
    repeated = np.flatnonzero(inside & (np.diff(keys) == 0))
    if len(repeated):
        first = order[repeated[0]]
        own = inside & (series[1:] == series[first]) & (np.diff(keys) == 0)
        where, cell = wheres[series[first]], format_cell(cells.iloc[first])
        raise DataError(
            "time",
            f"column `{time}`: {int(own.sum()):,} of {sizes[series[first]]:,} times come again in"
            f" {where}, the first is {cell}; remove them, or type"
            f" {override('leave_out', [time])} without data.time if the rows are in order",
        )
    report.source["times"] = times.form
    _warn_of_uneven_times(times, order, series, wheres, report)
    return order


def _warn_of_uneven_times(
    times: Times,
    order: NDArray[np.intp],
    series: NDArray[np.intp],
    wheres: Sequence[str],
    report: DataReport,
) -> None:
    """Warns of times that are missing, and of series with different steps."""
    gaps, inside = _gaps(times, order), np.diff(series) == 0
    owners = series[1:][inside]
    if len(owners) == 0:
        return
    usual = pd.Series(gaps[inside]).groupby(owners).median()
    is_hole = inside.copy()
    is_hole[inside] = gaps[inside] > HOLE * usual.loc[owners].to_numpy()
    name, total = times.cells.name, f"{len(wheres):,} series"
    if is_hole.any():
        place = int(is_hole.argmax())
        count = len(np.unique(series[1:][is_hole]))
        first = f"{format_cell(times.cells.iloc[order[place]])} in {wheres[series[place]]}"
        report.warnings.append(
            f"column {name}: times are missing in {count:,} of {total}, the first after {first}:"
            " rows are taken as if they were evenly apart"
        )
    if usual.max() > HOLE * usual.min():
        numbers = np.unique(owners)
        slow, fast = (wheres[numbers[int(place)]] for place in (usual.argmax(), usual.argmin()))
        report.warnings.append(
            f"column {name}: the step is {usual.max() / usual.min():.3g} times as long in {slow} as"
            f" in {fast}: rows are taken as if it were the same"
        )


def _gaps(times: Times, order: NDArray[np.intp]) -> NDArray[np.float64]:
    """From each time to the next; days from Monday to Friday follow one another."""
    gaps = np.diff(times.keys[order]).astype(np.float64)
    if times.is_date and set(times.moments.dt.day_of_week.unique()) == set(range(5)):
        days = times.moments.to_numpy()[order].astype("datetime64[D]")
        if (np.abs(gaps) >= MICROSECONDS["d"]).all():
            return np.busday_count(days[:-1], days[1:]).astype(np.float64)
    return gaps


def _counts_time(name: str, values: NDArray[np.float64], sizes: NDArray[np.intp]) -> bool:
    inside = _is_inside(sizes)
    series = np.repeat(np.arange(len(sizes)), sizes)
    steps, owners = np.diff(values)[inside], series[1:][inside]
    firsts = np.zeros(len(sizes))
    first_rows = np.concatenate([[0], np.cumsum(sizes)[:-1]])[sizes > 1]
    firsts[sizes > 1] = values[first_rows + 1] - values[first_rows]
    off = np.abs(steps - firsts[owners])
    close = 1e-6 * np.abs(firsts[owners]) + 1e-12 * np.abs(values[1:][inside])
    if (firsts[sizes > 1] != 0).all() and bool((off <= close).all()):
        return True
    if not TIME_WORDS & set(words_of(name)):
        return False
    if bool((steps != 0).any()) and (bool((steps >= 0).all()) or bool((steps <= 0).all())):
        return True
    if len(sizes) < 2 or sizes.min() != sizes.max():
        return False
    table = np.sort(values.reshape(len(sizes), -1), axis=1)
    return bool((table == table[0]).all() and (np.diff(table[0]) > 0).all())


def _is_inside(sizes: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each row but the first is of the same series as the one before it."""
    series = np.repeat(np.arange(len(sizes)), sizes)
    return np.asarray(np.diff(series) == 0)


def _format_for(cells: "pd.Series[Any]", time_format: str | None) -> str | None:
    """The time format of the user, for a column of text; None for other columns."""
    return time_format if cells.dtype == object else None


def _fits_format(cells: "pd.Series[Any]", time_format: str) -> bool:
    try:
        parse_times(cells, key="time", time_format=time_format)
    except DataError:
        return False
    return cells.dtype == object
