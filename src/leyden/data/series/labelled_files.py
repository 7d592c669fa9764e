"""Series with a class each, as files have them: a row, a group of rows, or a file for each."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from leyden.data.errors import DataError, override
from leyden.data.parsing.numpy_file import encode_labels, read_labelled_arrays
from leyden.data.parsing.table_file import read_table
from leyden.data.parsing.table_format import TableFormat
from leyden.data.report import DataReport
from leyden.data.series.columns import ColumnRoles
from leyden.data.series.labelled_series import LabelledSeries, trim_missing_end
from leyden.data.series.labelled_tables import SeriesFile, from_files, from_table
from leyden.data.split_names import SPLITS, SplitName, split_in_name, split_named
from leyden.files.walk import find_files

AxisOrder = Literal["NTC", "NCT"]

CHANNELS_BELOW = 4
"""Series in arrays are so many times as long as they have channels, or the axes are in doubt."""

ENDINGS = (".csv", ".tsv", ".txt", ".gz", ".parquet", ".npy", ".npz")


def read_labelled(
    path: Path,
    columns: ColumnRoles,
    format: TableFormat,
    report: DataReport,
    *,
    layout: AxisOrder | None = None,
    ending: str | None = None,
) -> list[LabelledSeries]:
    """All series below a path.

    Args:
        path: A table; a folder of tables that name parts, such as `train.csv` and `test.csv`; or a
            folder for each class with a table for each series, in folders for parts or without.
        columns: Roles of the columns of the tables.
        format: Format of the tables.
        report: Report that is told what was found.
        layout: Order of the axes of arrays: series, times, channels; or series, channels, times.
            None: the longer axis has the times.
        ending: Ending of the tables in a folder; None: all endings of tables.

    Raises:
        DataError: There are no series, or they are not alike.
    """
    if path.suffix.lower() == ".npz" and columns.label is None:
        return _from_arrays(path, columns, layout, report)
    if path.is_file():
        frame = read_table(str(path), format, report)
        return from_table(frame, columns, report, part=None, where=path.name)
    endings = ENDINGS if ending is None else (f".{ending.lstrip('.').lower()}",)
    folders = sorted(one for one in path.iterdir() if one.is_dir() and one.name[0] not in "._")
    if folders:
        return _from_folders(folders, columns, format, report, endings)
    return _from_part_files(path, columns, format, report, endings)


def _from_arrays(
    path: Path, columns: ColumnRoles, layout: AxisOrder | None, report: DataReport
) -> list[LabelledSeries]:
    """Arrays of series and of their classes: (n, times), or (n, times, channels)."""
    if columns.series or columns.time is not None or columns.group is not None:
        raise DataError("path", "holds arrays of series; series, time and split.by name columns")
    arrays = read_labelled_arrays(path, report, what="series")
    names, codes = encode_labels(arrays.labels)
    series = []
    for part, array in arrays.samples.items():
        values = _times_first(array, layout, report)
        for place, code in enumerate(codes[part].tolist()):
            where = f"series {place}{f' of {part}' if part else ''}"
            own = trim_missing_end(values[place])
            channels = tuple(f"channel {number}" for number in range(own.shape[1]))
            series.append(LabelledSeries(own, channels, names[code], part, None, where))
    return series


def _times_first(
    array: NDArray[Any], layout: AxisOrder | None, report: DataReport
) -> NDArray[np.float64]:
    """Series as (n, times, channels); of the two last axes the longer has the times.

    Raises:
        DataError: That is not certain.
    """
    if array.dtype.kind not in "buif" or array.ndim not in (2, 3):
        message = f"series are numbers of the shape (n, times, channels), not {array.dtype}"
        raise DataError("path", f"{message} of the shape {array.shape}")
    values = array.astype(np.float64)
    if values.ndim == 2:
        return values[:, :, None]
    first, second = values.shape[1:]
    if layout is None and max(first, second) < CHANNELS_BELOW * min(first, second):
        message = f"say which axis of {array.shape} has the times: data.layout=NTC or NCT"
        raise DataError("layout", message)
    is_last = layout == "NCT" if layout else second > first
    if is_last:
        values = np.moveaxis(values, 1, 2)
    report.source["axes"] = f"{values.shape[1]:,} times, {values.shape[2]} channels"
    return values


def _from_part_files(
    path: Path,
    columns: ColumnRoles,
    format: TableFormat,
    report: DataReport,
    endings: tuple[str, ...],
) -> list[LabelledSeries]:
    """A table for each part, by a word of its name, of which the last counts most."""
    found: dict[SplitName, Path] = {}
    for file in _files(path, report):
        name = file.name.split(".")[0]
        part = split_named(name.replace("-", "_").split("_")[-1]) or split_in_name(name)
        if part is None:
            _count_left_out(report, "names no part, as train.csv does")
        elif not _has_ending(file, endings):
            _count_left_out(report, _ending_of(file))
        elif part in found:
            both = (found[part], file)
            typed = [override("ending", one.suffix.lstrip(".").lower()) for one in both]
            one_of = f"type {typed[0]} or {typed[1]} to read one of them"
            hint = one_of if typed[0] != typed[1] else "keep one of them there"
            message = f"{both[0].name} and {both[1].name} both name the part `{part}`; {hint}"
            raise DataError("path", message)
        else:
            found[part] = file
    if "train" not in found:
        message = "has neither a folder for each class nor a table to train on, such as train.csv"
        raise DataError("path", message)
    series: list[LabelledSeries] = []
    for part in sorted(found, key=SPLITS.index):
        own = DataReport() if part != "train" else report
        file = found[part]
        frame = read_table(str(file), format, own)
        try:
            series += from_table(frame, columns, own, part=part, where=file.name)
        except DataError as error:
            raise DataError(error.key, f"{file.name}: {error}") from error
        # All parts have the columns of the one to train on.
        columns = replace(columns, features=series[0].names, leave_out=())
        report.source[part] = file.name
    return series


def _from_folders(
    folders: list[Path],
    columns: ColumnRoles,
    format: TableFormat,
    report: DataReport,
    endings: tuple[str, ...],
) -> list[LabelledSeries]:
    """A folder for each class, in folders for parts or without."""
    if columns.series or columns.label is not None:
        key = "label" if columns.label is not None else "series"
        raise DataError(key, "is for one table; here a folder is a class and a file a series")
    parts = [split_named(one.name) for one in folders]
    within = [split_in_name(one.name) for one in folders]
    if all(within) and len(set(within)) > 1:
        parts = within
    if any(parts) and not all(parts):
        names = ", ".join(one.name for one in folders)
        raise DataError("path", f"has folders for parts beside others: {names}")
    pairs = list(zip(folders, parts, strict=True))
    if all(parts):
        pairs = [
            (one, part)
            for folder, part in pairs
            for one in sorted(folder.iterdir())
            if one.is_dir() and one.name[0] not in "._"
        ]
        if "train" not in parts:
            raise DataError("path", "has no folder to train on, such as train/CLASS")
    found = [
        SeriesFile(file, folder.name, part)
        for folder, part in pairs
        for file in _files(folder, report)
    ]
    files = [one for one in found if _has_ending(one.path, endings)]
    for one in found:
        if not _has_ending(one.path, endings):
            _count_left_out(report, _ending_of(one.path))
    if not files:
        raise DataError("path", "has no tables in its folders")
    report.source["files"] = f"{len(files):,} tables, one a series"
    return from_files(files, columns, format, report)


def _files(folder: Path, report: DataReport) -> list[Path]:
    """The files below a folder; the report counts those that are left out."""
    found = find_files(folder)
    for reason, count in found.left_out.items():
        report.files_left_out[reason] = report.files_left_out.get(reason, 0) + count
    return found.files


def _has_ending(file: Path, endings: tuple[str, ...]) -> bool:
    return file.suffix.lower() in endings


def _ending_of(file: Path) -> str:
    """The reason to leave out a file whose ending is none of tables."""
    return f"ending {file.suffix}" if file.suffix else "no ending"


def _count_left_out(report: DataReport, reason: str) -> None:
    report.files_left_out[reason] = report.files_left_out.get(reason, 0) + 1
