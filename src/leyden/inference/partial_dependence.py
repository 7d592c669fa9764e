"""How predictions depend on a column: partial dependence, and lines of single rows.

Sources: Friedman 2001, "Greedy Function Approximation", section 8.2; Goldstein et al. 2015,
"Peeking Inside the Black Box".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from leyden.data.tables.encoders import CategoryEncoder, Encoder
from leyden.data.tables.encoding import inputs_of
from leyden.data.tables.preparation import TablePreparation
from leyden.inference.column_features import column_features

MOST_VALUES = 20
MOST_SINGLE = 40
"""Rows that have a line of their own."""

LOW, HIGH = 0.05, 0.95
"""Quantiles between which a column with more values is varied, so that a single far-off value does
not decide what is shown."""


@dataclass(frozen=True)
class Dependence:
    """Predictions as a column takes some values in all rows.

    Attributes:
        column: Name of the column.
        values: The values: numbers, times, or names of categories.
        are_categories: Whether they are such names.
        mean: Mean predictions (values, outputs).
        single: Predictions of some of the rows (values, rows, outputs).
        num_left_out: Categories that are left out, the rarest.
    """

    column: str
    values: list[Any]
    are_categories: bool
    mean: Tensor
    single: Tensor
    num_left_out: int

    @property
    def range(self) -> float:
        """By how much the mean varies, of the output that varies most."""
        return float((self.mean.amax(0) - self.mean.amin(0)).max())


def dependences(
    predict: Callable[[Tensor], Tensor],
    preparation: TablePreparation,
    inputs: Tensor,
    columns: pd.DataFrame,
) -> list[Dependence]:
    """The dependence on each column that has two values or more.

    Args:
        predict: Gives predictions (rows, outputs) for features.
        preparation: How columns became features.
        inputs: Features of the rows.
        columns: The columns that they were made of.
    """
    shown = torch.linspace(0, len(inputs) - 1, min(MOST_SINGLE, len(inputs))).round().long()
    found = []
    for encoder, places in zip(preparation.encoders, column_features(preparation), strict=True):
        values, num_left_out = values_of(encoder, columns[encoder.name])
        if len(values) < 2:
            continue
        means, single = list[Tensor](), list[Tensor]()
        for features in inputs_of([encoder], pd.DataFrame({encoder.name: values})):
            varied = inputs.clone()
            varied[:, places] = features
            predictions = predict(varied)
            means.append(predictions.mean(0))
            single.append(predictions[shown])
        found.append(
            Dependence(
                encoder.name,
                values.tolist(),
                isinstance(encoder, CategoryEncoder),
                torch.stack(means),
                torch.stack(single),
                num_left_out,
            )
        )
    return found


def values_of(encoder: Encoder, column: "pd.Series[Any]") -> "tuple[pd.Series[Any], int]":
    """The values that a column takes, and how many categories are left out.

    Numbers and times are those of the rows, or where there are more than `MOST_VALUES` quantiles
    of them. Categories are all that the training rows had, or the most frequent ones of the rows.
    """
    if isinstance(encoder, CategoryEncoder):
        counts = column.fillna("").value_counts()
        known = sorted(encoder.known, key=lambda name: -int(counts.get(name, 0)))
        kept = sorted(known[:MOST_VALUES], key=encoder.known.index)
        return pd.Series(kept, dtype=object), len(known) - len(kept)
    present = column.dropna().sort_values(ignore_index=True)
    distinct = present.drop_duplicates(ignore_index=True)
    if len(distinct) <= MOST_VALUES:
        return distinct, 0
    places = np.linspace(LOW, HIGH, MOST_VALUES) * (len(present) - 1)
    return present.iloc[places.round().astype(int)].drop_duplicates(ignore_index=True), 0


def output_names(class_names: Sequence[str], target_name: str) -> list[str]:
    """What each output is, in words; of two classes both are named."""
    return [f"probability of {name}" for name in class_names] or [target_name]
