"""The columns of a table, read back from the inputs of a network."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time

import numpy as np
import pandas as pd
from torch import Tensor

from leyden.data.preparation import Preparation
from leyden.data.tables.encoders import CategoryEncoder, NumberEncoder, TimeEncoder
from leyden.data.tables.preparation import TablePreparation
from leyden.inference.evaluation_report.outputs import Array, Codes

DIGITS = 5
"""Of a number beyond its deviation: inputs in 32 bits have no more."""

CLOCK = (1, 60, 3600, 86400)
"""Seconds to which times are rounded, which have no more digits either."""


@dataclass(frozen=True)
class Numbers:
    """A column of numbers or times.

    Attributes:
        name: Name of the column.
        values: Numbers, or seconds; NaN where one is known to be missing.
        decimals: Decimals that are exact; negative: whole tens, hundreds, ... Of times 0.
        kind: number, date, duration.
        unit: Unit of the numbers; empty: none.
    """

    name: str
    values: Array
    decimals: int
    kind: str = "number"
    unit: str = ""

    def shown(self, place: int) -> str:
        """The cell of a sample."""
        return self.text(float(self.values[place]))

    def text(self, value: float) -> str:
        """A value in words."""
        if np.isnan(value):
            return "missing"
        if self.kind == "date":
            moment = pd.Timestamp(round(value), unit="s").to_pydatetime()
            is_day = moment.time() == time()
            return moment.strftime("%Y-%m-%d" if is_day else "%Y-%m-%d %H:%M:%S")
        if self.kind == "duration":
            return str(pd.Timedelta(round(value), unit="s")).removeprefix("0 days ")
        return f"{value:.10g} {self.unit}".strip()


@dataclass(frozen=True)
class Categories:
    """A column of categories.

    Attributes:
        name: Name of the column.
        codes: Place of each sample's category in `words`.
        words: Categories in words.
    """

    name: str
    codes: Codes
    words: list[str]

    def shown(self, place: int) -> str:
        """The cell of a sample."""
        return self.words[int(self.codes[place])]


TableColumn = Numbers | Categories


def columns_of(
    inputs: Tensor, preparation: Preparation | None, names: tuple[str, ...]
) -> list[TableColumn]:
    """The columns of samples.

    Args:
        inputs: Inputs of a network (samples, features).
        preparation: How they were made; without that of a table features are columns.
        names: Names of the features; empty where they have none.
    """
    features = inputs.double().numpy()
    if isinstance(preparation, TablePreparation):
        found = list(_decoded(features, preparation))
        if sum(width for _, width in found) == features.shape[1]:
            return [column for column, _ in found]
    count = features.shape[1]
    shown = (
        names if len(names) == count else tuple(f"feature {place + 1}" for place in range(count))
    )
    return [
        Numbers(name, features[:, place], _decimals(features[:, place].std()))
        for place, name in enumerate(shown)
    ]


def with_missing(columns: list[TableColumn], is_missing: Tensor) -> list[TableColumn]:
    """The columns, with what was missing in the place of the numbers that it was filled with.

    Args:
        columns: Columns in the order of the preparation.
        is_missing: Whether each sample lacks each column.
    """
    if is_missing.shape[1] != len(columns):
        return columns
    return [
        replace(one, values=np.where(missing.numpy(), np.nan, one.values))
        if isinstance(one, Numbers)
        else one
        for one, missing in zip(columns, is_missing.T, strict=True)
    ]


def _decoded(features: Array, preparation: TablePreparation) -> Iterator[tuple[TableColumn, int]]:
    """Each column, and how many features were made of it."""
    first = 0
    for encoder in preparation.encoders:
        own = features[:, first:]
        if isinstance(encoder, CategoryEncoder):
            column, width = _categories(encoder, own), len(encoder.known)
        else:
            circles = 2 * len(encoder.circles) if isinstance(encoder, TimeEncoder) else 0
            width = 1 + circles + int(encoder.scaling.has_indicator)
            column = _numbers(encoder, own[:, :width])
        yield column, width
        first += width


def _categories(encoder: CategoryEncoder, own: Array) -> TableColumn:
    mine = own[:, : len(encoder.known)]
    codes = np.where(mine.max(1, initial=0) > 0.5, mine.argmax(1), len(encoder.known))
    words = [word or "missing" for word in encoder.known]
    return Categories(encoder.name, codes.astype(np.int64), [*words, "a category not trained on"])


def _numbers(encoder: NumberEncoder | TimeEncoder, own: Array) -> TableColumn:
    scaling = encoder.scaling
    values = own[:, 0] * scaling.std + scaling.mean
    if scaling.has_indicator:
        values = np.where(own[:, -1] > 0.5, np.nan, values)
    if isinstance(encoder, NumberEncoder):
        decimals = _decimals(scaling.std)
        return Numbers(encoder.name, np.round(values, decimals), decimals, unit=encoder.unit)
    exact = scaling.std / 10**DIGITS
    unit = next((seconds for seconds in CLOCK if seconds >= exact), CLOCK[-1])
    is_duration = encoder.form == "durations" or not (encoder.form or encoder.circles)
    kind = "duration" if is_duration else "date"
    return Numbers(encoder.name, np.round(values / unit) * unit, 0, kind)


def _decimals(deviation: float) -> int:
    return int(np.ceil(DIGITS - np.log10(deviation))) if deviation > 0 else DIGITS
