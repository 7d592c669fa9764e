"""Series in the rows of a table: which column, which times, which series, and what is missing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from leyden.data.errors import DataError
from leyden.data.parsing.table_file import column_of, numbers_of, read_table
from leyden.data.parsing.times import Times, time_range
from leyden.data.report import DataReport, Role
from leyden.data.series.preparation import SeriesLayout
from leyden.data.series.row_times import read_times, repeated_hint, require_order
from leyden.data.series.series import Series
from leyden.data.series.time_grid import TimeGrid, find_grid, series_on_grid

MOST_FILLED = 20
"""Filled times for each row of the file from which one of its times is likely to be wrong."""

DEVIATION_NOTED = 0.01
"""Share of a step from which a distance of a time from its place is noted."""

MUCH_FILLED = 0.2
"""Share of filled values from which a warning is due."""


@dataclass(frozen=True)
class ReadSeries:
    """A series as a file has it.

    Attributes:
        series: Its values at even times, up to the last value of the target.
        times: Times of the rows that it comes from; None where they are not named.
        grid: Their grid.
    """

    series: Series
    times: Times | None
    grid: TimeGrid | None


@dataclass(frozen=True)
class SeriesReader:
    """Reads the series of a file.

    Attributes:
        layout: Where they are.
    """

    layout: SeriesLayout

    def read(self, path: str, report: DataReport) -> list[ReadSeries]:
        """The series of a file, in the order of their times.

        Args:
            path: Path of the file.
            report: Report that is told what was found and filled.

        Raises:
            DataError: They are not even, or a column holds something else.
        """
        return self.series_of(read_table(path, self.layout.format, report), report)

    def series_of(self, frame: pd.DataFrame, report: DataReport) -> list[ReadSeries]:
        """The series of a table as `read_table` gives it; see `read`."""
        values = self._values(frame, report)
        times = self._times(frame, report)
        groups = self._groups_with_values(frame, report)
        if times is None:
            require_order(frame, self._others(frame), groups, report)
        found, num_left_out = [], 0
        for name, rows in groups:
            own = values.iloc[rows].reset_index(drop=True)
            places = np.arange(len(rows))
            in_order, grid = None, None
            if times is not None:
                order, grid = self._placed(frame, times.only(rows), name, report)
                places = grid.places[order]
                in_order = times.only(rows).only(order)
                own = own.iloc[order].reset_index(drop=True)
            one, left_out = series_on_grid(own, places, self.layout.gaps, name=name)
            last = int(np.flatnonzero(own.iloc[:, 0].notna())[-1])
            found.append(ReadSeries(one, in_order and in_order.only(np.arange(last + 1)), grid))
            num_left_out += left_out
        if num_left_out:
            report.rows_left_out["before the first value, or after the last"] = num_left_out
        self._note_filled(frame, [one.series for one in found], report)
        return found

    def _values(self, frame: pd.DataFrame, report: DataReport) -> pd.DataFrame:
        """The target and the features, all numbers."""
        for name in self.layout.features:
            if name == self.layout.target:
                raise DataError("features", f"column `{name}` is the target, whose past is seen")
        columns = [numbers_of(frame, self.layout.target, report, key="target")]
        columns += [
            numbers_of(frame, name, report, key="features") for name in self.layout.features
        ]
        roles: dict[str | None, Role] = dict.fromkeys(self.layout.features, "feature")
        roles |= dict.fromkeys(self.layout.time, "time")
        roles |= {self.layout.target: "target", self.layout.by: "split"}
        for column in report.columns:
            column.role = roles.get(column.name, "left out")
            column.reason = "not named" if column.role == "left out" else ""
        return pd.concat(columns, axis=1)

    def _others(self, frame: pd.DataFrame) -> list[str]:
        """Columns that are not used for something but a feature."""
        used = {self.layout.target, self.layout.by, *self.layout.time}
        return [name for name in frame.columns if name not in used]

    def _times(self, frame: pd.DataFrame, report: DataReport) -> Times | None:
        if not self.layout.time:
            if self.layout.time_format is not None or self.layout.time_zone is not None:
                key = "time_zone" if self.layout.time_format is None else "time_format"
                raise DataError(key, "is for the column that data.time names")
            return None
        times = read_times(
            frame,
            self.layout.time,
            time_format=self.layout.time_format,
            time_zone=self.layout.time_zone,
            report=report,
        )
        report.source["times"] = f"{times.form}: {time_range(times)}"
        return times

    def _groups_with_values(
        self, frame: pd.DataFrame, report: DataReport
    ) -> list[tuple[str, NDArray[np.intp]]]:
        """The series that have values; the report counts the rows of the others."""
        groups = self._groups(frame)
        has_value = frame[self.layout.target].notna().to_numpy()
        kept = [(name, rows) for name, rows in groups if has_value[rows].sum() > 1]
        left_out = [(name, rows) for name, rows in groups if has_value[rows].sum() <= 1]
        if not kept:
            raise DataError("by", "leaves no series with two values of the target")
        for name, rows in left_out:
            report.rows_left_out[f"series {name}: less than two values"] = len(rows)
        return kept

    def _groups(self, frame: pd.DataFrame) -> list[tuple[str, NDArray[np.intp]]]:
        """The series of the file and their rows, in the order of the file."""
        if self.layout.by is None:
            return [("", np.arange(len(frame)))]
        column = column_of(frame, self.layout.by, key="by")
        if column.isna().any():
            row = int(column.isna().to_numpy().argmax()) + 1
            raise DataError("by", f"column `{self.layout.by}` is empty in row {row}")
        codes, names = pd.factorize(column)
        return [(str(name), np.flatnonzero(codes == code)) for code, name in enumerate(names)]

    def _placed(
        self, frame: pd.DataFrame, times: Times, name: str, report: DataReport
    ) -> tuple[NDArray[np.intp], TimeGrid]:
        """The rows of a series in the order of their times, and the grid of these."""
        where = f" in the series `{name}`" if name else ""
        order = times.order()
        repeated = times.cells.iloc[order][pd.Series(times.keys[order]).duplicated().to_numpy()]
        if len(repeated):
            hint = repeated_hint(
                frame,
                self.layout.time,
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
        return order, steps

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
        if self.layout.gaps is None:
            hint = "data.gaps=fill sees the last values before them, data.gaps=keep cuts there"
            raise DataError("gaps", f"{lacking}; {hint}")
        if self.layout.gaps == "fill" and num_missing > MOST_FILLED * len(places):
            raise DataError("gaps", f"{lacking}; too many to fill, data.gaps=keep cuts there")
        done = (
            "they are filled in"
            if self.layout.gaps == "fill"
            else "no window has one of them in it"
        )
        report.notes.append(f"{lacking}; {done}")

    def _note_filled(self, frame: pd.DataFrame, series: list[Series], report: DataReport) -> None:
        """Notes filled values, and warns of what is likely to be wrong."""
        names = [self.layout.target, *self.layout.features]
        if self.layout.by is not None:
            report.notes.append(f"{len(series)} series by {self.layout.by}")
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
