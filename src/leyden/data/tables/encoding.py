"""Columns of a table as numbers for a model, by their encoders."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.errors import format_cell
from leyden.data.tables.encoders import (
    CategoryEncoder,
    Encoder,
    NumberEncoder,
    Scaling,
    TimeEncoder,
)
from leyden.data.tables.time_features import as_seconds, cyclic_features

Encoded = Float[Tensor, " rows"]
Feature = tuple[str, Encoded]
"""A name, and a number for each row."""


def encode(encoders: Sequence[Encoder], frame: pd.DataFrame) -> list[Feature]:
    """All features of a table whose columns have their types, in the order of the encoders."""
    features: list[Feature] = []
    for encoder in encoders:
        values = frame[encoder.name]
        match encoder:
            case NumberEncoder():
                features += _scaled(encoder, values.to_numpy(dtype=np.float64))
            case CategoryEncoder():
                features += _categories(encoder, values)
            case TimeEncoder():
                features += _times(encoder, values)
    return features


def inputs_of(encoders: Sequence[Encoder], frame: pd.DataFrame) -> Float[Tensor, "rows features"]:
    """The features side by side."""
    return torch.stack([values for _, values in encode(encoders, frame)], dim=1)


def feature_names(encoders: Sequence[Encoder], frame: pd.DataFrame) -> tuple[str, ...]:
    """Names of the features, in their order."""
    return tuple(name for name, _ in encode(encoders, frame.iloc[:1]))


def _scaled(encoder: NumberEncoder | TimeEncoder, array: NDArray[np.float64]) -> list[Feature]:
    """The scaled numbers, and the indicator of missing ones; NaN is missing."""
    scaling: Scaling = encoder.scaling
    is_missing = np.isnan(array)
    if is_missing.any() and scaling.filling is not None:
        array = np.where(is_missing, scaling.filling, array)
    found = [(encoder.name, ((torch.tensor(array) - scaling.mean) / scaling.std).float())]
    if scaling.has_indicator:
        found.append((f"{encoder.name} is missing", torch.tensor(is_missing).float()))
    return found


def _categories(encoder: CategoryEncoder, values: "pd.Series[Any]") -> list[Feature]:
    """A feature for each known value; a row with another one is in none."""
    texts = values.map(as_category).fillna("")
    places = {value: place for place, value in enumerate(encoder.known)}
    codes = torch.tensor([places.get(text, len(places)) for text in texts])
    return [(f"{encoder.name}={value}", (codes == at).float()) for value, at in places.items()]


def _times(encoder: TimeEncoder, values: "pd.Series[Any]") -> list[Feature]:
    """The time, sine and cosine of each cycle, and the indicator; NaT is missing."""
    time, *indicator = _scaled(encoder, as_seconds(values))
    found = [time]
    for name, circle in cyclic_features(values, encoder.circles).items():
        for part, place in zip(("sine", "cosine"), circle.T, strict=True):
            found.append((f"{encoder.name}, {part} of {name.replace('_', ' ')}", place))
    return [*found, *indicator]


def as_category(value: Any) -> str | None:
    """A value as its file would have it; None where it is missing."""
    if pd.isna(value):
        return None
    return format_cell(value)
