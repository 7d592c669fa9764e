"""The data set of a series in a table: a column is forecast from its past and other columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.parsing.table_file import column_of, numbers_of, read_table
from leyden.data.parsing.table_format import (
    Decimal,
    MissingWord,
    Separator,
    Thousands,
    table_format_of,
)
from leyden.data.parsing.times import Times, time_range
from leyden.data.report import DataReport, Role
from leyden.data.series.row_times import read_times, repeated_hint, require_order
from leyden.data.series.series import SHARES, Series, series_splits
from leyden.data.series.time_grid import Gaps, TimeGrid, find_grid, series_on_grid
from leyden.data.spec import DataKind
from leyden.data.splits import DataSplits
from leyden.data.splitting import SplitRule
from leyden.types import Count, PositiveInt

MOST_FILLED = 20
"""Filled times for each row of the file from which one of its times is likely to be wrong."""

DEVIATION_NOTED = 0.01
"""Share of a step from which a distance of a time from its place is noted."""

MUCH_FILLED = 0.2
"""Share of filled values from which a warning is due."""


class CSVSeries(DataModule):
    """Rows of a table as even times: the first 70 % train, then 15 % validate, 15 % test.

    A missing value becomes the last one before it, never a later one. What was filled in is seen
    by the model and never predicted.

    Args:
        path: Path of the file; its first row names the columns.
        target: Column to forecast.
        features: Names of further columns whose past the model sees.
        time: Column of times, or several such as [Date,Time]; None: rows are in order and even.
        time_format: Format of the times, as for `datetime.strptime`; None: it is inferred.
        time_zone: Zone of times without an offset, such as Europe/Berlin; None: they are in none.
        by: Column that tells several series apart; each is split by itself.
        gaps: Treatment of missing times: `fill` repeats the last values before them, `keep` leaves
            out windows that have one in them. None: such a file is refused.
        lags: Number of times that the model sees.
        horizon: Number of times that it forecasts.
        split: How times are split, see `SplitRule`; only `fractions`.
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

    def __init__(
        self,
        *,
        path: str,
        target: str,
        features: tuple[str, ...] = (),
        time: str | tuple[str, ...] | None = None,
        time_format: str | None = None,
        time_zone: str | None = None,
        by: str | None = None,
        gaps: Gaps | None = None,
        lags: PositiveInt = 24,
        horizon: PositiveInt = 1,
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
        self.path = path
        self.target = target
        self.features = features
        self.time = time
        self.time_format = time_format
        self.time_zone = time_zone
        self.by = by
        self.gaps = gaps
        self.lags = lags
        self.horizon = horizon
        self.split = split
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.encoding = encoding
        self.missing = missing
        self.header = header
        self.skip_lines = skip_lines

    def source_files(self) -> Sequence[Path]:
        return (Path(self.path).expanduser(),)

    def load(self) -> DataSplits:
        report = DataReport()
        split = SplitRule.of(self.split, fractions=SHARES)
        if split.by is not None or split.kind is not None:
            message = "is not for series, which are split by time; data.by takes several series"
            raise DataError("split.by", message)
        frame = read_table(self.path, table_format_of(self), report)
        values = self._values(frame, report)
        times = self._times(frame, report)
        groups = self._groups_with_values(frame, report)
        if times is None:
            require_order(frame, self._others(frame), groups, report)
        series, num_left_out = [], 0
        for name, rows in groups:
            own = values.iloc[rows].reset_index(drop=True)
            places = np.arange(len(rows))
            if times is not None:
                order, places = self._placed(frame, times.only(rows), name, report)
                own = own.iloc[order].reset_index(drop=True)
            one, left_out = series_on_grid(own, places, self.gaps, name=name)
            series.append(one)
            num_left_out += left_out
        if num_left_out:
            report.rows_left_out["before the first value, or after the last"] = num_left_out
        self._note_filled(frame, series, report)
        return series_splits(
            series,
            lags=self.lags,
            horizon=self.horizon,
            target_name=self.target,
            shares=split.fractions,
            report=report,
        )

    def _values(self, frame: pd.DataFrame, report: DataReport) -> pd.DataFrame:
        """The target and the features, all numbers."""
        for name in self.features:
            if name == self.target:
                raise DataError("features", f"column `{name}` is the target, whose past is seen")
        columns = [numbers_of(frame, self.target, report, key="target")]
        columns += [numbers_of(frame, name, report, key="features") for name in self.features]
        roles: dict[str | None, Role] = dict.fromkeys(self.features, "feature")
        roles |= dict.fromkeys(self._time_names, "time")
        roles |= {self.target: "target", self.by: "split"}
        for column in report.columns:
            column.role = roles.get(column.name, "left out")
            column.reason = "not named" if column.role == "left out" else ""
        return pd.concat(columns, axis=1)

    @property
    def _time_names(self) -> tuple[str, ...]:
        """Columns of the time."""
        return (self.time,) if isinstance(self.time, str) else tuple(self.time or ())

    def _others(self, frame: pd.DataFrame) -> list[str]:
        """Columns that are not used for something but a feature."""
        used = {self.target, self.by, *self._time_names}
        return [name for name in frame.columns if name not in used]

    def _times(self, frame: pd.DataFrame, report: DataReport) -> Times | None:
        if not self._time_names:
            if self.time_format is not None or self.time_zone is not None:
                key = "time_zone" if self.time_format is None else "time_format"
                raise DataError(key, "is for the column that data.time names")
            return None
        times = read_times(
            frame,
            self._time_names,
            time_format=self.time_format,
            time_zone=self.time_zone,
            report=report,
        )
        report.source["times"] = f"{times.form}: {time_range(times)}"
        return times

    def _groups_with_values(
        self, frame: pd.DataFrame, report: DataReport
    ) -> list[tuple[str, NDArray[np.intp]]]:
        """The series that have values; the report counts the rows of the others."""
        groups = self._groups(frame)
        has_value = frame[self.target].notna().to_numpy()
        kept = [(name, rows) for name, rows in groups if has_value[rows].sum() > 1]
        left_out = [(name, rows) for name, rows in groups if has_value[rows].sum() <= 1]
        if not kept:
            raise DataError("by", "leaves no series with two values of the target")
        for name, rows in left_out:
            report.rows_left_out[f"series {name}: less than two values"] = len(rows)
        return kept

    def _groups(self, frame: pd.DataFrame) -> list[tuple[str, NDArray[np.intp]]]:
        """The series of the file and their rows, in the order of the file."""
        if self.by is None:
            return [("", np.arange(len(frame)))]
        column = column_of(frame, self.by, key="by")
        if column.isna().any():
            row = int(column.isna().to_numpy().argmax()) + 1
            raise DataError("by", f"column `{self.by}` is empty in row {row}")
        codes, names = pd.factorize(column)
        return [(str(name), np.flatnonzero(codes == code)) for code, name in enumerate(names)]

    def _placed(
        self, frame: pd.DataFrame, times: Times, name: str, report: DataReport
    ) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        """The rows of a series in the order of their times, and their places on the grid."""
        where = f" in the series `{name}`" if name else ""
        order = times.order()
        repeated = times.cells.iloc[order][pd.Series(times.keys[order]).duplicated().to_numpy()]
        if len(repeated):
            hint = repeated_hint(
                frame,
                self._time_names,
                self._others(frame),
                len(repeated) / len(order),
                is_date=times.is_date,
            )
            message = (
                f"column `{times.cells.name}`: {len(repeated):,} of {len(order):,} times come again"
                f"{where}, the first is {repeated.iloc[0]}; {hint}"
            )
            raise DataError("time", message)
        steps = find_grid(times, key="time")
        places = steps.places[order]
        self._note_step(steps, report)
        self._check_missing_times(places, times.cells.iloc[order], steps.step, where, report)
        return order, places

    def _note_step(self, steps: TimeGrid, report: DataReport) -> None:
        """Reports the step of the times, and different steps of several series."""
        said = steps.step
        if steps.off > DEVIATION_NOTED:
            said += f", some times off by {100 * steps.off:.0f} % of it"
        known = report.source.setdefault("step", said)
        if said not in known.split("; "):
            report.source["step"] = f"{known}; {said}"
            if not any("different steps" in warning for warning in report.warnings):
                report.warnings.append("the series have different steps, see `step`")

    def _check_missing_times(
        self,
        places: NDArray[np.int64],
        cells: "pd.Series[Any]",
        step: str,
        where: str,
        report: DataReport,
    ) -> None:
        """Raises `DataError` for times that the file lacks, or notes how they are treated."""
        num_missing = int(places[-1]) + 1 - len(places)
        if num_missing == 0:
            return
        after = cells.iloc[int((np.diff(places) > 1).argmax())]
        lacking = (
            f"column `{cells.name}`: {num_missing:,} of {places[-1] + 1:,} times are missing"
            f"{where}, the first after {after}, with a step of {step}"
        )
        if self.gaps is None:
            hint = "data.gaps=fill sees the last values before them, data.gaps=keep cuts there"
            raise DataError("gaps", f"{lacking}; {hint}")
        if self.gaps == "fill" and num_missing > MOST_FILLED * len(places):
            raise DataError("gaps", f"{lacking}; too many to fill, data.gaps=keep cuts there")
        done = "they are filled in" if self.gaps == "fill" else "no window has one of them in it"
        report.notes.append(f"{lacking}; {done}")

    def _note_filled(self, frame: pd.DataFrame, series: list[Series], report: DataReport) -> None:
        """Notes filled values, and warns of what is likely to be wrong."""
        names = [self.target, *self.features]
        if self.by is not None:
            report.notes.append(f"{len(series)} series by {self.by}")
        for number, name in enumerate(names):
            filled = sum(int((~one.measured[~one.holes, number]).sum()) for one in series)
            if filled:
                made = "filled with the last value before, never predicted"
                report.notes.append(f"column {name}: {filled:,} missing, {made}")
            values = torch.cat([one.values[one.measured[:, number], number] for one in series])
            if bool((values == values[0]).all()):
                if number == 0:
                    raise DataError("target", f"column `{name}` is {values[0]:g} in every row")
                report.warnings.append(f"column {name} is {values[0]:g} in every row")
        measured = torch.cat([one.measured for one in series])
        holes = torch.cat([one.holes for one in series])
        share = 1 - float(measured[~holes].float().mean())
        if share > MUCH_FILLED:
            report.warnings.append(f"{100 * share:.0f} % of the values that are seen are filled in")
