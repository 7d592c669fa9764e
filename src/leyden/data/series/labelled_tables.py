"""Labelled series in tables: a row a series, some rows a series, or a table a series."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError, format_cell, override
from leyden.data.parsing.table_file import column_of, numbers_of, read_table
from leyden.data.parsing.table_format import TableFormat
from leyden.data.report import Column, DataReport
from leyden.data.series.columns import ColumnRoles, channel_columns, wide_columns
from leyden.data.series.labelled_series import LabelledSeries, trim_missing_end
from leyden.data.series.row_order import order_by_time
from leyden.data.split_names import SplitName

MOST_NAMES = 12
"""Number of columns that a message lists."""


def from_table(
    frame: pd.DataFrame,
    columns: ColumnRoles,
    report: DataReport,
    *,
    part: SplitName | None,
    where: str,
) -> list[LabelledSeries]:
    """The series in a table.

    Args:
        frame: The table.
        columns: Roles of the columns, as far as the user says them.
        report: Report of what the columns hold; it is told their roles.
        part: Split that the file names.
        where: Name of the file, for messages.

    Raises:
        DataError: What the user says doesn't fit the table.
    """
    if columns.label is None:
        names = list(frame.columns)
        is_named = names != [str(place) for place in range(len(names))]
        hint = "" if is_named else f", such as {override('label', names[0])}"
        there = f"{', '.join(names[:MOST_NAMES])}{', ...' if len(names) > MOST_NAMES else ''}"
        message = f"must name the column of the classes{hint}; the columns of {where}: {there}"
        raise DataError("label", message)
    labels = column_of(frame, columns.label, key="label")
    if labels.isna().any():
        row = int(labels.isna().to_numpy().argmax()) + 1
        raise DataError("label", f"column `{columns.label}` of {where} is empty in row {row}")
    groups = None if columns.group is None else column_of(frame, columns.group, key="split.by")
    read = _from_rows if columns.series else _from_each_row
    return read(frame, labels, groups, columns, report, part, where)


def _from_each_row(
    frame: pd.DataFrame,
    labels: "pd.Series[Any]",
    groups: "pd.Series[Any] | None",
    columns: ColumnRoles,
    report: DataReport,
    part: SplitName | None,
    where: str,
) -> list[LabelledSeries]:
    names = wide_columns(frame, columns, report, has_part=part is not None)
    values = np.stack([numbers_of(frame, one, report, key="features") for one in names], axis=1)
    return [
        LabelledSeries(
            trim_missing_end(values[row][:, None]),
            tuple(names),
            format_cell(label),
            part,
            None if groups is None else groups.iloc[row],
            f"row {row + 1} of {where}",
            is_row=True,
        )
        for row, label in enumerate(labels)
    ]


def _from_rows(
    frame: pd.DataFrame,
    labels: "pd.Series[Any]",
    groups: "pd.Series[Any] | None",
    columns: ColumnRoles,
    report: DataReport,
    part: SplitName | None,
    where: str,
) -> list[LabelledSeries]:
    codes, series_names = _series_of_rows(frame, columns.series)
    rows, sizes = np.argsort(codes, kind="stable"), np.bincount(codes)
    ends = np.cumsum(sizes)[:-1]
    for name, own in zip(series_names, np.split(rows, ends), strict=True):
        _require_one(labels.iloc[own], groups, own, name, columns)
    frame = frame.iloc[rows].reset_index(drop=True)
    names = channel_columns(frame, sizes, columns, report)
    numbers = [numbers_of(frame, one, report, key="features") for one in names]
    wheres = [f"series `{name}`" for name in series_names]
    order = order_by_time(frame, sizes, wheres, columns.time, columns.time_format, report)
    values = np.split(np.stack(numbers, axis=1)[order], ends)
    return [
        LabelledSeries(
            trim_missing_end(own),
            tuple(names),
            format_cell(labels.iloc[place]),
            part,
            None if groups is None else groups.iloc[place],
            f"series {name}",
        )
        for own, name, place in zip(
            values, series_names, rows[np.concatenate([[0], ends])].tolist(), strict=True
        )
    ]


def _require_one(
    labels: "pd.Series[Any]",
    groups: "pd.Series[Any] | None",
    rows: NDArray[np.intp],
    name: str,
    columns: ColumnRoles,
) -> None:
    """Refuses a series with several classes or groups."""
    own = labels.unique()
    if len(own) > 1:
        both = f"`{format_cell(own[0])}` and `{format_cell(own[1])}`"
        typed = override("series", [*columns.series, str(columns.label)])
        message = f"series `{name}` has the classes {both}; {typed} makes a series of each"
        raise DataError("label", message)
    if groups is not None and groups.iloc[rows].nunique(dropna=False) > 1:
        message = f"series `{name}` has several values of column `{columns.group}`"
        raise DataError("split.by", message)


def _series_of_rows(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[NDArray[np.intp], list[str]]:
    """The number of the series of each row, and names of the series in the order of the file."""
    cells = [column_of(frame, one, key="series") for one in keys]
    for key, column in zip(keys, cells, strict=True):
        if column.isna().any():
            row = int(column.isna().to_numpy().argmax()) + 1
            raise DataError("series", f"column `{key}` is empty in row {row}")
    words = [column.map(format_cell) for column in cells]
    codes, found = pd.factorize(pd.Series(list(zip(*words, strict=True)), dtype=object))
    return codes, [", ".join(one) for one in found]


@dataclass(frozen=True)
class SeriesFile:
    """A table that is one series.

    Attributes:
        path: Path of the file.
        label: Class of the series.
        part: Split that its folder names.
    """

    path: Path
    label: str
    part: SplitName | None

    @property
    def where(self) -> str:
        """Name of the file, for messages."""
        return f"{self.path.parent.name}/{self.path.name}"


def from_files(
    files: Sequence[SeriesFile], columns: ColumnRoles, format: TableFormat, report: DataReport
) -> list[LabelledSeries]:
    """Series from tables of their own: a row a time, a column each thing that was measured.

    Raises:
        DataError: A file is no table, or has other columns than the first.
    """
    frames, reports = list[pd.DataFrame](), list[DataReport]()
    for file in files:
        reports.append(DataReport())
        try:
            frames.append(read_table(str(file.path), format, reports[-1]))
        except DataError as error:
            raise DataError(error.key, f"{file.where}: {error}") from error
        if list(frames[-1].columns) != list(frames[0].columns):
            other, first = (", ".join(one.columns) for one in (frames[-1], frames[0]))
            message = f"{file.where} has the columns {other}, not {first}, as {files[0].where} has"
            raise DataError("features", message)
    report.columns = _joined_columns(reports)
    for found in reports:
        report.notes += [one for one in found.notes if one not in report.notes]
        report.warnings += [one for one in found.warnings if one not in report.warnings]
    joined = pd.concat(frames, ignore_index=True)
    sizes = np.array([len(frame) for frame in frames])
    names = channel_columns(joined, sizes, columns, report)
    for file, frame, found in zip(files, frames, reports, strict=True):
        for name in names:
            try:
                numbers_of(frame, name, found, key="features")
            except DataError as error:
                raise DataError(error.key, f"{file.where}: {error}") from error
    wheres = [file.where for file in files]
    order = order_by_time(joined, sizes, wheres, columns.time, columns.time_format, report)
    report.source["channels"] = ", ".join(names)
    table = joined[names].to_numpy(np.float64)[order]
    values = np.split(table, np.cumsum(sizes)[:-1])
    return [
        LabelledSeries(trim_missing_end(own), tuple(names), file.label, file.part, None, file.where)
        for file, own in zip(files, values, strict=True)
    ]


def _joined_columns(reports: Sequence[DataReport]) -> list[Column]:
    """What the columns of tables hold: numbers where one of the tables has such."""
    joined = list[Column]()
    for columns in zip(*(one.columns for one in reports), strict=True):
        chosen = next((one for one in columns if one.kind == "numbers"), columns[0])
        missing = sum((Counter(one.missing) for one in columns), Counter[str]())
        joined.append(replace(chosen, missing=dict(missing)))
    return joined
