"""Series with a class each, as files have them: a row, a group of rows, or a file for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.labelled_arrays import classes_of, read_arrays
from leyden.data.report import DataReport
from leyden.data.splitting import Part, part_of_name
from leyden.data.table_file import column_of, numbers_of, read_table
from leyden.data.table_format import TableFormat
from leyden.data.times import parse_times
from leyden.data.unreadable import Unreadable
from leyden.walk import find_files

AxisOrder = Literal["NTC", "NCT"]

CHANNELS_BELOW = 4
"""Series in arrays are so many times as long as they have channels, or the axes are in doubt."""

ENDINGS = (".csv", ".tsv", ".txt", ".gz", ".parquet", ".npy", ".npz")


@dataclass(frozen=True)
class LabelledSeries:
    """A series and its class.

    Attributes:
        values: NaN where one is missing.
        label: Its class.
        part: The part that its file belongs to; None: none in particular.
        group: What `data.split.by` names; None: nothing.
        where: The file, the row or the name, for messages.
    """

    values: NDArray[np.float64]
    label: str
    part: Part | None
    group: object
    where: str

    @property
    def length(self) -> int:
        """Number of times; values that are missing at the end are none."""
        return len(self.values)


@dataclass(frozen=True)
class Columns:
    """Which columns of a table say what.

    Attributes:
        label: The class.
        series: Tells the rows of one series from those of others; None: each row is a series.
        time: By which the rows of a series are sorted; None: they are in order.
        features: What is measured at each time; None: all other columns of numbers.
        group: What `data.split.by` names.
    """

    label: str | None
    series: str | None
    time: str | None
    features: tuple[str, ...] | None
    group: str | None


def read_labelled(
    path: Path,
    columns: Columns,
    format: TableFormat,
    report: DataReport,
    *,
    layout: AxisOrder | None = None,
) -> list[LabelledSeries]:
    """All series below a path.

    Args:
        path: A table; a folder of tables that name parts, such as `train.csv` and `test.csv`; or a
            folder for each class with a table for each series, in folders for parts or without.
        columns: Of the tables.
        format: Of the tables.
        report: It is told what was found.
        layout: Of arrays: series, times, channels; or series, channels, times. None: the longer
            axis has the times.

    Raises:
        Unreadable: There are no series, or they are not alike.
    """
    if path.suffix.lower() == ".npz" and columns.label is None:
        return _from_arrays(path, columns, layout, report)
    if path.is_file():
        frame = read_table(str(path), format, report)
        return list(_from_table(frame, columns, report, part=None, where=path.name))
    folders = sorted(one for one in path.iterdir() if one.is_dir() and one.name[0] not in "._")
    if folders:
        return _from_folders(path, folders, columns, format, report)
    return _from_part_files(path, columns, format, report)


def _from_arrays(
    path: Path, columns: Columns, layout: AxisOrder | None, report: DataReport
) -> list[LabelledSeries]:
    """Arrays of series and of their classes: (n, times), or (n, times, channels)."""
    if columns.series is not None or columns.time is not None or columns.group is not None:
        raise Unreadable("path", "holds arrays of series; series, time and split.by name columns")
    arrays = read_arrays(path, report, what="series")
    names, codes = classes_of(arrays.labels)
    series = []
    for part, array in arrays.samples.items():
        values = _times_first(array, layout, report)
        for place, code in enumerate(codes[part].tolist()):
            where = f"series {place}{f' of {part}' if part else ''}"
            own = _without_end(values[place])
            series.append(LabelledSeries(own, names[code], part, None, where))
    return series


def _times_first(
    array: NDArray[Any], layout: AxisOrder | None, report: DataReport
) -> NDArray[np.float64]:
    """Series as (n, times, channels); of the two last axes the longer has the times.

    Raises:
        Unreadable: That is not certain.
    """
    if array.dtype.kind not in "buif" or array.ndim not in (2, 3):
        message = f"series are numbers of the shape (n, times, channels), not {array.dtype}"
        raise Unreadable("path", f"{message} of the shape {array.shape}")
    values = array.astype(np.float64)
    if values.ndim == 2:
        return values[:, :, None]
    first, second = values.shape[1:]
    if layout is None and max(first, second) < CHANNELS_BELOW * min(first, second):
        message = f"say which axis of {array.shape} has the times: data.layout=NTC or NCT"
        raise Unreadable("layout", message)
    is_last = layout == "NCT" if layout else second > first
    if is_last:
        values = np.moveaxis(values, 1, 2)
    report.source["axes"] = f"{values.shape[1]:,} times, {values.shape[2]} channels"
    return values


def _from_part_files(
    path: Path, columns: Columns, format: TableFormat, report: DataReport
) -> list[LabelledSeries]:
    """A table for each part, by the last word of its name."""
    found: dict[Part, Path] = {}
    for file in _files(path, report):
        part = part_of_name(file.name.split(".")[0].replace("-", "_").split("_")[-1])
        if part is None or file.suffix.lower() not in ENDINGS:
            reason = f"ending {file.suffix}" if part else "names no part, as train.csv does"
            report.files_left_out[reason] = report.files_left_out.get(reason, 0) + 1
        elif part in found:
            names = f"{found[part].name} and {file.name}"
            raise Unreadable("path", f"{names} both name the part `{part}`")
        else:
            found[part] = file
    if "train" not in found:
        message = "has neither a folder for each class nor a table to train on, such as train.csv"
        raise Unreadable("path", message)
    series: list[LabelledSeries] = []
    for part, file in found.items():
        own = DataReport() if part != "train" else report
        frame = read_table(str(file), format, own)
        series += _from_table(frame, columns, own, part=part, where=file.name)
        report.source[part] = file.name
    return series


def _from_table(
    frame: pd.DataFrame, columns: Columns, report: DataReport, *, part: Part | None, where: str
) -> Iterator[LabelledSeries]:
    if columns.label is None:
        raise Unreadable("label", "must name the column of the classes")
    labels = column_of(frame, columns.label, key="label")
    if labels.isna().any():
        row = int(labels.isna().to_numpy().argmax()) + 1
        raise Unreadable("label", f"column `{columns.label}` of {where} is empty in row {row}")
    groups = None if columns.group is None else column_of(frame, columns.group, key="split.by")
    names = _features(frame, columns, report)
    values = np.stack([numbers_of(frame, one, report, key="features") for one in names], axis=1)
    if columns.series is None:
        report.source["times"] = f"columns {names[0]} to {names[-1]}"
        # A column for each time says nothing by itself.
        report.columns[:] = [one for one in report.columns if one.role != "feature"]
        for row, label in enumerate(labels):
            group = None if groups is None else groups.iloc[row]
            own = _without_end(values[row][:, None])
            yield LabelledSeries(own, _word(label), part, group, f"row {row + 1} of {where}")
        return
    codes, found = pd.factorize(column_of(frame, columns.series, key="series"))
    if (codes < 0).any():
        row = int((codes < 0).argmax()) + 1
        raise Unreadable("series", f"column `{columns.series}` is empty in row {row}")
    for code, name in enumerate(found):
        rows = np.flatnonzero(codes == code)
        rows = rows[_order(frame, rows, columns.time)]
        own_labels = labels.iloc[rows].unique()
        if len(own_labels) > 1:
            both = f"`{_word(own_labels[0])}` and `{_word(own_labels[1])}`"
            raise Unreadable("label", f"series `{_word(name)}` has the classes {both}")
        group = None if groups is None else groups.iloc[rows[0]]
        if groups is not None and groups.iloc[rows].nunique(dropna=False) > 1:
            message = f"series `{_word(name)}` has several values of column `{columns.group}`"
            raise Unreadable("split.by", message)
        own = _without_end(values[rows])
        yield LabelledSeries(own, _word(own_labels[0]), part, group, f"series {_word(name)}")


def _features(frame: pd.DataFrame, columns: Columns, report: DataReport) -> list[str]:
    """The columns of measured values, and the roles of all."""
    roles = {columns.label: "target", columns.time: "time", columns.group: "split"}
    others = [one for one in frame.columns if one not in {*roles, columns.series}]
    for column in report.columns:
        column.role = roles.get(column.name, "left out")  # type: ignore[assignment]
    if columns.features is not None:
        names = list(columns.features)
    elif columns.series is None:  # each is a time: none can be left out
        names = others
    else:
        names = [one for one in others if report.column(one).kind == "numbers"]
    if not names:
        raise Unreadable("features", "no column of numbers is left")
    for column in report.columns:
        if column.name in names:
            column.role = "feature"
        elif column.role == "left out":
            column.reason = f"holds {column.kind}" if column.kind != "numbers" else "not named"
    return names


def _from_folders(
    path: Path, folders: list[Path], columns: Columns, format: TableFormat, report: DataReport
) -> list[LabelledSeries]:
    """A folder for each class, in folders for parts or without."""
    if columns.series is not None or columns.label is not None:
        key = "label" if columns.label is not None else "series"
        raise Unreadable(key, "is for one table; here a folder is a class and a file a series")
    parts = [part_of_name(one.name) for one in folders]
    if any(parts) and not all(parts):
        names = ", ".join(one.name for one in folders)
        raise Unreadable("path", f"has folders for parts beside others: {names}")
    pairs = list(zip(folders, parts, strict=True))
    if all(parts):
        pairs = [
            (one, part)
            for folder, part in pairs
            for one in sorted(folder.iterdir())
            if one.is_dir() and one.name[0] not in "._"
        ]
        if "train" not in parts:
            raise Unreadable("path", "has no folder to train on, such as train/CLASS")
    series = [
        _from_file(file, folder.name, part, columns, format, report)
        for folder, part in pairs
        for file in _files(folder, report)
        if _is_table(file, report)
    ]
    if not series:
        raise Unreadable("path", "has no tables in its folders")
    report.source["files"] = f"{len(series):,} tables, one a series"
    return series


def _files(folder: Path, report: DataReport) -> list[Path]:
    """The files below a folder; those that are passed over are counted."""
    found = find_files(folder)
    for reason, count in found.left_out.items():
        report.files_left_out[reason] = report.files_left_out.get(reason, 0) + count
    return found.files


def _is_table(file: Path, report: DataReport) -> bool:
    if file.suffix.lower() in ENDINGS:
        return True
    reason = f"ending {file.suffix}" if file.suffix else "no ending"
    report.files_left_out[reason] = report.files_left_out.get(reason, 0) + 1
    return False


def _from_file(
    file: Path,
    label: str,
    part: Part | None,
    columns: Columns,
    format: TableFormat,
    report: DataReport,
) -> LabelledSeries:
    """One series from its own table: a row a time, a column each thing that was measured."""
    own = DataReport()
    try:
        frame = read_table(str(file), format, own)
        order = _order(frame, np.arange(len(frame)), columns.time)
        names = list(columns.features or [])
        names = names or [one for one in frame.columns if own.column(one).kind == "numbers"]
        names = [one for one in names if one != columns.time]
        if not names:
            raise Unreadable("features", "has no column of numbers")
        values = np.stack([numbers_of(frame, one, own, key="features") for one in names], axis=1)
    except Unreadable as error:
        raise Unreadable(error.key, f"{file.parent.name}/{file.name}: {error}") from error
    known = report.source.setdefault("channels", ", ".join(names))
    if known != ", ".join(names):
        message = f"{file.parent.name}/{file.name} has the columns {', '.join(names)}, not {known}"
        raise Unreadable("features", message)
    where = f"{file.parent.name}/{file.name}"
    return LabelledSeries(_without_end(values[order]), label, part, None, where)


def _order(frame: pd.DataFrame, rows: NDArray[np.intp], time: str | None) -> NDArray[np.intp]:
    """The order of some rows by a column of times."""
    if time is None:
        return np.arange(len(rows))
    return parse_times(column_of(frame, time, key="time").iloc[rows], key="time").order()


def _without_end(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the times at the end that have no value, as shorter series in wide tables have."""
    there = np.flatnonzero(~np.isnan(values).all(axis=1))
    return values[: there[-1] + 1] if len(there) else values[:0]


def _word(cell: Any) -> str:
    """A class or a name as people write it: 1, not 1.0."""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell)
