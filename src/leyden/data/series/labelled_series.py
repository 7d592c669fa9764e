"""Series with a class each, and their columns that leak it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.report import DataReport
from leyden.data.series.columns import find_numbered_columns
from leyden.data.split_names import SPLITS, SplitName
from leyden.data.tables.leaks import TrainingRows, find_leaks


@dataclass(frozen=True)
class LabelledSeries:
    """A series and its class.

    Attributes:
        values: Values at each time; NaN where one is missing.
        names: Names of the channels; of the times, where a row is a series.
        label: Class of the series.
        part: Split that its file belongs to; None: none in particular.
        group: Cell of the column that `data.split.by` names; None: it names none.
        where: File, row or name of the series, for messages.
        is_row: Whether it is a row of a table, whose columns are times.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    label: str
    part: SplitName | None
    group: object
    where: str
    is_row: bool = False

    @property
    def length(self) -> int:
        """Number of times; values that are missing at the end are none."""
        return len(self.values)


def trim_missing_end(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the times at the end that have no value, as shorter series in wide tables have."""
    there = np.flatnonzero(~np.isnan(values).all(axis=1))
    return values[: there[-1] + 1] if len(there) else values[:0]


Found = list[LabelledSeries]
EDGE = 3
"""Columns at the beginning and at the end of a table without names that may be no times."""


def without_leaks(
    found: Found,
    labels: Int[Tensor, " n"],
    train: Int[Tensor, " _"],
    target: str,
    report: DataReport,
) -> Found:
    """The series without the columns that are no measurements.

    Of a table with a row a series these are columns that number the rows, unless names such as
    `t0` to `t99` say that all are times. Of the others they are channels that do not change within
    any series.

    Args:
        found: All series.
        labels: Class of each series.
        train: Indices of the training series, the only ones that are looked at.
        target: Column of the classes.
        report: Report that is told of it.
    """
    places = np.sort(train.numpy())
    rows = TrainingRows(places, len(found), labels.numpy()[places], target, has_classes=True)
    seen = [found[place] for place in places.tolist()]
    is_wide = found[0].is_row
    columns = _time_columns(seen) if is_wide else _constant_channels(seen)
    dropped = list[int]()
    for number, values in columns.items():
        name = found[0].names[number]
        for leak in find_leaks(name, "numbers", pd.Series(values), rows)[:1]:
            if leak.is_sure:
                dropped.append(number)
                report.warnings.append(f"column {name} is left out: it {leak.reason}")
                for column in report.columns:
                    if column.name == name:
                        column.role, column.reason = "left out", leak.reason
            elif not is_wide:
                report.warnings.append(f"column {name} {leak.reason}")
    if len(dropped) == len(found[0].names):
        dropped = []
    return [_without(one, dropped, axis=0 if is_wide else 1) for one in found] if dropped else found


def _time_columns(seen: Sequence[LabelledSeries]) -> dict[int, NDArray[np.float64]]:
    """The columns whose names do not say that they are times, by their places."""
    names = seen[0].names
    run, places = find_numbered_columns(names), range(len(names))
    if run is not None and not run.is_positions:
        return {}
    table = np.full((len(seen), len(names)), np.nan)
    for row, one in enumerate(seen):
        table[row, : one.length] = one.values[:, 0]
    # A table without names has what is no time at its edges.
    chosen = {*places[:EDGE], *places[-EDGE:]} if run is not None else {*places}
    return {place: table[:, place] for place in sorted(chosen)}


def _constant_channels(seen: Sequence[LabelledSeries]) -> dict[int, NDArray[np.float64]]:
    """The channels that have one value in each series, by their places."""
    first = np.array([one.values[0] if one.length else np.nan * one.values[:1] for one in seen])
    same = np.ones(first.shape[1], dtype=bool)
    for one, value in zip(seen, first, strict=True):
        same &= ((one.values == value) | np.isnan(one.values)).all(axis=0)
    return {int(number): first[:, number] for number in np.flatnonzero(same)}


def _without(one: LabelledSeries, dropped: list[int], *, axis: int) -> LabelledSeries:
    there = [number for number in dropped if number < one.values.shape[axis]]
    names = tuple(name for number, name in enumerate(one.names) if number not in dropped)
    return replace(one, values=np.delete(one.values, there, axis=axis), names=names)


def warn_of_copies(
    values: Float[Tensor, "n time features"], parts: Sequence[Int[Tensor, " _"]], report: DataReport
) -> None:
    """Warns of series that are trained on and evaluated on.

    Args:
        values: Values of all series.
        parts: Indices of the series to train, validate and test on.
        report: Report that is told of it.
    """
    keys = [one.numpy().tobytes() for one in values]
    trained = {keys[place] for place in parts[0].tolist()}
    if 2 * len(trained) < len(parts[0]):
        return  # series of few values are alike by chance
    for part, rows in zip(SPLITS[1:], parts[1:], strict=True):
        count = sum(keys[place] in trained for place in rows.tolist())
        if count:
            report.warnings.append(f"{count:,} series of {part} are in train too: the same values")
