"""The data set of labelled series: each has a class."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.batches import Batch, BatchIndices
from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.folds import RowIndex as Places
from leyden.data.folds import reject_given_validation, with_fold
from leyden.data.parsing.table_format import (
    Decimal,
    MissingWord,
    Separator,
    Thousands,
    table_format_of,
)
from leyden.data.report import DataReport
from leyden.data.series.columns import ColumnRoles
from leyden.data.series.labelled_files import AxisOrder, read_labelled
from leyden.data.series.labelled_series import LabelledSeries, warn_of_copies, without_leaks
from leyden.data.spec import DataKind, Spec, TaskName
from leyden.data.splits import DataSplits
from leyden.data.splitting import SplitRule, split_by_names
from leyden.data.tables.splitting import split_table
from leyden.files.walk import find_files
from leyden.types import Count, PositiveInt

FEWEST_SERIES = 10
SHARES = (0.7, 0.15, 0.15)


@dataclass(frozen=True)
class WholeSeries:
    """A split of labelled series.

    Attributes:
        values: Scaled, and filled up with zeros behind the end of a shorter one.
        labels: Class of each series.
    """

    values: Float[Tensor, "n time features"]
    labels: Int[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        return self.values.index_select(0, batch.index), self.labels.index_select(0, batch.index)


class SeriesClasses(DataModule):
    """Series with a class each: 70 % train, 15 % validate, 15 % test, each class alike.

    They lie in a table with a row a series (`label` names the column of the classes, each other
    column is a time); in one with a row a time (`series` names the column that tells them apart);
    in a folder a class with a table a series, whose columns are what was measured; or in arrays
    `series` and `labels` of a .npz file. Tables, folders and arrays that are called train, val and
    test are taken as these parts.

    Args:
        path: The table, or the folder.
        label: Column of the classes, in a table.
        series: Column, or columns, that tell the series of a table with a row a time apart.
        time: Column by which the rows of a series are sorted; None: they are in order.
        time_format: As `datetime.strptime` takes it, where the times don't tell.
        features: Columns that are measured; None: all others of numbers, or those that are called
            as times are, such as `t0` to `t99`.
        leave_out: Columns that are not read, by their names or by patterns such as `y*`.
        ending: Ending of the tables in a folder, such as `tsv`; None: all endings of tables.
        length: Number of times of a series: longer ones are cut at their end, shorter ones filled
            up with zeros, the mean. None: all have the same.
        layout: Order of the axes of arrays: `NTC` or `NCT`; None: the longer one has the times.
        scale: `all`: by mean and deviation of each feature in the training part; `each`: every
            series by its own.
        split: How series are split, see `SplitRule`.
        separator: Sign between cells, see `TableFormat`.
        decimal: Sign before the decimals of a number.
        thousands: Sign that groups the digits of numbers by three.
        encoding: Encoding of a text file.
        missing: Cells that are missing values, besides empty ones.
        header: Whether the first row names the columns.
        skip_lines: Lines above the names of the columns.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "series"
    task: ClassVar[TaskName | None] = "classification"

    def __init__(
        self,
        *,
        path: str,
        label: str | None = None,
        series: str | tuple[str, ...] | None = None,
        time: str | None = None,
        time_format: str | None = None,
        features: tuple[str, ...] | None = None,
        leave_out: tuple[str, ...] = (),
        ending: str | None = None,
        length: PositiveInt | None = None,
        layout: AxisOrder | None = None,
        scale: Literal["all", "each"] = "all",
        split: dict[str, Any] | None = None,
        separator: Separator | None = None,
        decimal: Decimal = "point",
        thousands: Thousands | None = None,
        encoding: str | None = None,
        missing: tuple[MissingWord, ...] = (),
        header: bool | None = None,
        skip_lines: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path).expanduser()
        self.label = label
        self.series = (series,) if isinstance(series, str) else tuple(series or ())
        self.time = time
        self.time_format = time_format
        self.features = features
        self.leave_out = leave_out
        self.ending = ending
        self.length = length
        self.layout = layout
        self.scale = scale
        self.split = split
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.encoding = encoding
        self.missing = missing
        self.header = header
        self.skip_lines = skip_lines

    def source_files(self) -> Sequence[Path]:
        return [self.path] if self.path.is_file() else find_files(self.path).files

    def load(self) -> DataSplits:
        report, split = DataReport(), SplitRule.of(self.split, fractions=SHARES)
        columns = ColumnRoles(
            label=self.label,
            series=self.series,
            time=self.time,
            time_format=self.time_format,
            features=self.features,
            leave_out=tuple(self.leave_out),
            group=split.by,
        )
        found = read_labelled(
            self.path,
            columns,
            table_format_of(self),
            report,
            layout=self.layout,
            ending=self.ending,
        )
        names = sorted({one.label for one in found}, key=_class_order)
        if len(names) < 2:
            raise DataError("path", f"has {len(names)} classes; two are needed")
        if len(found) < FEWEST_SERIES:
            raise DataError("path", f"{len(found)} series are too few; at least {FEWEST_SERIES}")
        labels = torch.tensor([names.index(one.label) for one in found])
        cut = split_series(found, labels, split, report)
        if self.features is None:
            found = without_leaks(found, labels, cut[0], self.label or "label", report)
        if found[0].is_row:
            report.source["times"] = f"columns {found[0].names[0]} to {found[0].names[-1]}"
            # A column for each time says nothing by itself.
            report.columns = [one for one in report.columns if one.role != "feature"]
        length = self._common_length(found, report)
        filled = [forward_filled(one.values[:length]) for one in found]
        note_filled([one.values[:length] for one in found], filled, report)
        values = self._scaled(filled, cut[0], length)
        warn_of_copies(values, cut, report)
        spec = Spec(
            "series",
            input_shape=(length, values.shape[2]),
            num_outputs=len(names),
            task="classification",
            class_names=tuple(names),
        )
        train, val, test = (WholeSeries(values[rows], labels[rows]) for rows in cut)
        return DataSplits(spec, train, val, test, report)

    def _common_length(self, found: list[LabelledSeries], report: DataReport) -> int:
        lengths = Counter(one.length for one in found)
        if lengths[0]:
            empty = next(one for one in found if one.length == 0)
            raise DataError("path", f"{empty.where} has no values")
        least, most = min(lengths), max(lengths)
        if self.length is None and least != most:
            short = next(one for one in found if one.length == least)
            message = (
                f"series have from {least:,} ({short.where}) to {most:,} times; data.length={most}"
                f" fills up the shorter ones, data.length={least} cuts the longer ones"
            )
            raise DataError("length", message)
        length = self.length or most
        num_short = sum(count for one, count in lengths.items() if one < length)
        num_long = sum(count for one, count in lengths.items() if one > length)
        if num_short:
            report.notes.append(f"{num_short:,} series are filled up with zeros at their end")
        if num_long:
            report.notes.append(f"{num_long:,} series are cut at their end")
        report.source["length"] = f"{length:,} times"
        return length

    def _scaled(
        self, series: list[NDArray[np.float64]], train: Places, length: int
    ) -> Float[Tensor, "n time features"]:
        """All series scaled, and filled up with zeros."""
        if self.scale == "each":
            scales = [mean_and_deviation(one) for one in series]
        else:
            whole = np.concatenate([series[place] for place in train.tolist()])
            scales = [mean_and_deviation(whole)] * len(series)
        values = np.zeros((len(series), length, series[0].shape[1]), dtype=np.float32)
        for place, (one, (mean, deviation)) in enumerate(zip(series, scales, strict=True)):
            # What is missing at the beginning has nothing to be filled with: it is the mean.
            values[place, : len(one)] = np.nan_to_num((one - mean) / deviation)
        return torch.from_numpy(values)


def mean_and_deviation(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each feature; the latter is 1 where it does not vary."""
    count = (~np.isnan(values)).sum(axis=0).clip(1)
    mean = np.nansum(values, axis=0) / count
    deviation = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / count)
    varies = deviation > 16 * np.finfo(np.float64).eps * np.abs(mean)
    return mean, np.where(varies, deviation, 1.0)


def forward_filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A series with its missing values filled with the last ones before them, if there are any."""
    return pd.DataFrame(values).ffill().to_numpy() if np.isnan(values).any() else values


def note_filled(
    values: Sequence[NDArray[np.float64]],
    filled: Sequence[NDArray[np.float64]],
    report: DataReport,
) -> None:
    """Notes how many values are missing, and what they were filled with."""
    left = sum(int(np.isnan(one).sum()) for one in filled)
    before = sum(int(np.isnan(one).sum()) for one in values) - left
    if before:
        report.notes.append(f"{before:,} missing values, filled with the last before them")
    if left:
        report.notes.append(
            f"{left:,} missing values at the beginning of series, taken as the mean: there is"
            " nothing before them"
        )


def split_series(
    found: list[LabelledSeries], labels: Int[Tensor, " n"], split: SplitRule, report: DataReport
) -> list[Places]:
    """Series of each part: as files name them, by a column, or drawn."""
    if found[0].part is None:
        columns = {} if split.by is None else {split.by: [one.group for one in found]}
        return split_table(pd.DataFrame(columns, index=range(len(found))), split, labels, report)
    if split.by is not None:
        raise DataError("split.by", "the files say the parts already")
    report.split = "as files are called; val and test, where there is none, drawn from train"
    stratified = labels if split.stratified else None
    reject_given_validation(split.fold, {one.part for one in found})
    parts = split_by_names(
        [one.part for one in found], split.fractions, labels=stratified, key="path"
    )
    return with_fold(parts, split.fold, report, labels=stratified)


def _class_order(name: str) -> tuple[bool, float, str]:
    """Numbers in their order, before other names."""
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name
