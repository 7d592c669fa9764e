"""The roles of the columns of labelled series: which are measured, and which are not."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError, excerpt, override, quoted_list
from leyden.data.parsing.table_file import column_of
from leyden.data.parsing.times import parse_times
from leyden.data.report import DataReport
from leyden.data.series.row_order import find_time_columns, has_rising_times
from leyden.data.split_names import split_named

NUMBERED = re.compile(r"(.*?)(\d+(?:\.\d+)?)(\D*)")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?")
FEWEST = 3
"""Columns with one stem that are taken for a run."""


@dataclass(frozen=True)
class NumberedColumns:
    """Columns whose names have a common stem, and numbers or dates.

    Attributes:
        names: Names of the columns, by their numbers.
        is_sorted: The table has them in that order.
        gaps: The name after which the first number is missing; "": none is.
        is_positions: The names are no more than the places of the columns: they were not named.
    """

    names: tuple[str, ...]
    is_sorted: bool
    gaps: str
    is_positions: bool


def find_numbered_columns(names: Sequence[str]) -> NumberedColumns | None:
    """The columns of one stem, if they are half of all or more.

    Args:
        names: Names of the columns, in the order of the table.

    Raises:
        DataError: There are several such runs with the same numbers.
    """
    groups: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for name in names:
        if found := NUMBERED.fullmatch(name):
            groups[found[1], found[3]][name] = float(found[2])
    dates = [name for name in names if DATE.fullmatch(name)]
    if len(dates) >= FEWEST:
        try:
            keys = parse_times(pd.Series(dates, dtype=object), key="features").keys
        except DataError:
            return None
        groups = {("date", ""): dict(zip(dates, map(float, keys), strict=True))}
    runs = [group for group in groups.values() if len(group) >= FEWEST]
    if not runs:
        return None
    largest = max(runs, key=len)
    alike = [one for one in runs if set(one.values()) == set(largest.values())]
    if len(alike) > 1:
        _several_runs(groups, alike)
    if 2 * len(largest) < len(names):
        return None
    ordered = sorted(largest, key=largest.__getitem__)
    gaps = np.diff([largest[name] for name in ordered])
    wide = np.flatnonzero(gaps > 1.5 * np.median(gaps))
    return NumberedColumns(
        tuple(ordered),
        ordered == list(largest),
        ordered[int(wide[0])] if len(wide) else "",
        groups.keys() == {("", "")} and ("", "") in groups and all(map(str.isdigit, ordered)),
    )


def _several_runs(
    groups: dict[tuple[str, str], dict[str, float]], alike: list[dict[str, float]]
) -> None:
    stems = [stem for stem, group in groups.items() if group in alike]
    said = " and ".join(f"`{next(iter(one))}` to `{list(one)[-1]}`" for one in alike[:3])
    others = [f"{before}*{after}" for before, after in stems[1:]]
    raise DataError(
        "features",
        f"columns {said}{' and more' if len(alike) > 3 else ''} are several runs of times:"
        f" {override('leave_out', others)} reads the first; a table with a row a time"
        " (data.series) or arrays of a .npz file can have several channels",
    )


@dataclass(frozen=True)
class ColumnRoles:
    """The roles of the columns of a table.

    Attributes:
        label: Column of the class.
        series: Columns that tell the series apart; none: each row is a series.
        time: Column by which the rows of a series are sorted; None: they are in order.
        time_format: Format of the times, as for `datetime.strptime`; None: it is inferred.
        features: Columns that are measured at each time; None: all other columns of numbers.
        leave_out: Names or patterns of columns that are not read.
        group: Column that `data.split.by` names.
    """

    label: str | None = None
    series: tuple[str, ...] = ()
    time: str | None = None
    time_format: str | None = None
    features: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    group: str | None = None


def wide_columns(
    frame: pd.DataFrame, columns: ColumnRoles, report: DataReport, *, has_part: bool
) -> list[str]:
    """The columns of the times, in their order, where each row is a series.

    Names with a common stem and numbers, such as `t0` to `t99`, are those of times, and other
    columns are then left out with a warning. Names that say nothing are all taken.

    Raises:
        DataError: It is not clear which they are.
    """
    others = _with_roles(frame, columns, report)
    if columns.features is not None:
        return _used(list(columns.features), report)
    _require_no_split_column(frame, others, has_part=has_part)
    run = find_numbered_columns(others)
    if run is None:
        names = _of_numbers(others, report)
    else:
        names = list(run.names)
        if not run.is_sorted:
            report.notes.append(
                f"the times are sorted by the numbers in their names, {names[0]} to {names[-1]}"
            )
        if run.gaps:
            report.warnings.append(
                f"the numbers in the names of the times leave some out, the first after {run.gaps}:"
                " the columns are taken as if they were evenly apart"
            )
    if not names:
        raise DataError("features", "no column of numbers is left")
    _require_numbers_in_rows(frame, names)
    between = f"{names[0]} to {names[-1]}"
    strangers = sorted(set(others) - set(names), key=others.index)
    if strangers:
        why = "called otherwise" if run is not None else "no numbers"
        report.warnings.append(
            f"left out of the times {between}, since they are {why}: {quoted_list(strangers)}"
        )
    return _used(names, report)


def channel_columns(
    frame: pd.DataFrame, sizes: NDArray[np.intp], columns: ColumnRoles, report: DataReport
) -> list[str]:
    """The columns that are measured, where each row is a time.

    Args:
        frame: The rows of all series, one series after the other.
        sizes: Rows of each series.
        columns: Roles of the columns, as far as the user says them.
        report: Report of what the columns hold; it is told their roles.

    Raises:
        DataError: A column says when the rows are, and is not named as such.
    """
    others = _with_roles(frame, columns, report)
    free = [one for one in report.columns if one.name in set(others)]
    found = find_time_columns(frame, sizes, free, columns.time_format)
    if columns.features is not None:
        found = [one for one in found if one not in columns.features]
        found = [
            one for one in found if not has_rising_times(frame[one], sizes, columns.time_format)
        ]
    if found and columns.time is None:
        more = f" {override('leave_out', found[1:])}" if len(found) > 1 else ""
        seems = "column {} seems" if len(found) == 1 else "columns {} seem"
        raise DataError(
            "time",
            f"{seems.format(quoted_list(found))} to say when the rows are: type"
            f" {override('time', found[0])}{more} to sort by it, or"
            f" {override('leave_out', found)} if the rows are in order",
        )
    if columns.features is not None:
        return _used(list(columns.features), report)
    names = _of_numbers([one for one in others if one not in found], report)
    _require_no_split_column(frame, [one for one in others if one not in names], has_part=False)
    for name in found:
        report.column(name).reason = "says when the rows are, as data.time does"
        report.warnings.append(f"column {name} is left out: it says when the rows are")
    if not names:
        raise DataError("features", "no column of numbers is left")
    return _used(names, report)


def _with_roles(frame: pd.DataFrame, columns: ColumnRoles, report: DataReport) -> list[str]:
    """Reports the roles that the user gives, and returns the other columns."""
    roles = {columns.label: "target", columns.time: "time", columns.group: "split"}
    left_out = _left_out(frame, columns.leave_out)
    for column in report.columns:
        column.role = roles.get(column.name, "left out")  # type: ignore[assignment]
        if column.name in left_out:
            column.reason = "data.leave_out names it"
        elif column.name in columns.series:
            column.reason = "tells the series apart"
    used = {*roles, *columns.series, *left_out}
    return [one for one in frame.columns if one not in used]


def _left_out(frame: pd.DataFrame, given: Sequence[str]) -> set[str]:
    """The columns that names or patterns such as `y*` fit.

    Raises:
        DataError: There is none.
    """
    found = set[str]()
    for one in given:
        fitting = {name for name in frame.columns if name == one or fnmatchcase(name, one)}
        if not fitting:
            column_of(frame, one, key="leave_out")
        found |= fitting
    return found


def _of_numbers(names: Sequence[str], report: DataReport) -> list[str]:
    """The columns of numbers, and those that would be such but for some cells."""
    chosen = {one.name for one in report.columns if one.kind == "numbers" or one.problem}
    return [name for name in names if name in chosen]


def _used(names: list[str], report: DataReport) -> list[str]:
    """Reports which columns are measured, and returns them."""
    used = set(names)
    for column in report.columns:
        if column.name in used:
            column.role, column.reason = "feature", ""
        elif column.role == "left out" and not column.reason:
            is_named = column.kind == "numbers"
            column.reason = "not named" if is_named else f"holds {column.kind}"
    return names


def _require_no_split_column(frame: pd.DataFrame, names: Sequence[str], *, has_part: bool) -> None:
    """Raises `DataError` for a column that names the parts, unless `split.by` names it."""
    if has_part:
        return
    for name in (one for one in names if frame[one].dtype == object):
        cells = frame[name]
        if cells.notna().any() and all(split_named(cell) for cell in cells.dropna().unique()):
            raise DataError(
                "split.by",
                f"column `{name}` says which part a row is in: type"
                f" {override('split.by', name)}, or {override('leave_out', [name])} to draw the"
                " parts",
            )


def _require_numbers_in_rows(frame: pd.DataFrame, names: Sequence[str]) -> None:
    """Raises `DataError` for columns that one row, such as one of units, makes text."""
    texts = [one for one in names if frame[one].dtype == object]
    if len(texts) < 2:
        return
    cells = frame[texts]
    is_odd = cells.notna() & cells.apply(pd.to_numeric, errors="coerce").isna()
    rows = np.flatnonzero(is_odd.all(axis=1).to_numpy())
    if 0 < len(rows) <= max(1, len(frame) // 10):
        cell = excerpt(str(cells.iloc[rows[0], 0]))
        raise DataError(
            "features",
            f"row {rows[0] + 1} has no number in {len(texts)} columns, as `{cell}`"
            f" in `{texts[0]}`: remove it from the file if it has units, or the names again",
        )
