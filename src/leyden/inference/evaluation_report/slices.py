"""How a model does on parts of a table's samples: each category, each quarter of the numbers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leyden.inference.evaluation_report.columns import Categories, Numbers, TableColumn
from leyden.inference.evaluation_report.outputs import Array
from leyden.tasks.intervals import Interval, Z, wilson

FEWEST = 20
"""Samples of a slice; of fewer an interval says nothing."""

QUARTERS = 4
ROUGHER = 3
"""Digits by which the limits of a quarter are shorter than the numbers themselves."""


@dataclass(frozen=True)
class Slice:
    """Some of the samples.

    Attributes:
        column: Column by which they are chosen.
        label: Values that they have there.
        count: Number of samples.
        value: Accuracy or RMSE.
        interval: Its 95 % interval.
        is_worse: Whether the whole interval is on the bad side of the value over all samples.
    """

    column: str
    label: str
    count: int
    value: float
    interval: Interval
    is_worse: bool


@dataclass(frozen=True)
class Slices:
    """All slices.

    Attributes:
        found: Those with enough samples, the worst first.
        small: Names of the others, with their samples.
        whole: Value over all samples.
    """

    found: list[Slice]
    small: list[tuple[str, int]]
    whole: float


def slices_of(columns: Sequence[TableColumn], scores: Array, *, is_share: bool) -> Slices:
    """The slices by all columns.

    Args:
        columns: Columns of the samples.
        scores: Of each sample 1 where it is right, 0 where it is wrong; or its mean squared error.
        is_share: Whether they are the former.
    """
    measure = accuracy if is_share else rmse
    whole, _ = measure(scores)
    found, small = list[Slice](), list[tuple[str, int]]()
    for column in columns:
        for label, chosen in groups_of(column):
            count = int(chosen.sum())
            if count == 0:
                continue
            if count < FEWEST:
                small.append((f"{column.name}: {label}", count))
                continue
            value, interval = measure(scores[chosen])
            is_worse = interval[1] < whole if is_share else interval[0] > whole
            found.append(Slice(column.name, label, count, value, interval, is_worse))
    found.sort(key=lambda one: one.value if is_share else -one.value)
    return Slices(found, small, whole)


def accuracy(right: Array) -> tuple[float, Interval]:
    """Share of samples that are right, and its interval."""
    return float(right.mean()), wilson(float(right.sum()), len(right))


def rmse(squared: Array) -> tuple[float, Interval]:
    """Root of the mean squared error; its interval is that of the mean by the central limit."""
    mean = float(squared.mean())
    half = Z * float(squared.std(ddof=1)) / math.sqrt(len(squared)) if len(squared) > 1 else 0.0
    return math.sqrt(mean), (math.sqrt(max(0.0, mean - half)), math.sqrt(mean + half))


def groups_of(column: TableColumn) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """The groups of a column in words, and which samples are in each."""
    if isinstance(column, Categories):
        for code, word in enumerate(column.words):
            yield word, column.codes == code
        return
    values = column.values
    is_there = ~np.isnan(values)
    distinct = np.unique(values[is_there])
    if len(distinct) <= QUARTERS:
        for value in distinct.tolist():
            yield column.text(value), values == value
    else:
        yield from _quarters(column, is_there)
    yield "missing", ~is_there


def _quarters(
    column: Numbers, is_there: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Four groups of about as many samples; fewer where many samples have the same value."""
    known = column.values[is_there]
    inner = np.quantile(known, [0.25, 0.5, 0.75], method="inverted_cdf")
    limits = [limit for limit in np.unique(inner).tolist() if limit < known.max()]
    words = [column.text(round(limit, column.decimals - ROUGHER)) for limit in limits]
    if len(set(words)) < len(words) or column.kind != "number":
        words = [column.text(limit) for limit in limits]
    low = -math.inf
    for place, limit in enumerate(limits):
        label = f"to {words[place]}" if place == 0 else f"{words[place - 1]} to {words[place]}"
        yield label, is_there & (column.values > low) & (column.values <= limit)
        low = limit
    yield f"above {words[-1]}", is_there & (column.values > low)
