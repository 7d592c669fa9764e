"""Losses of recipes, from wherever they come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leyden.sweeps.scaling.fit import Points


@dataclass(frozen=True)
class Measured:
    """Losses of each recipe.

    Attributes:
        recipes: Points by the name of the recipe; one empty name where there is one recipe alone.
        units: What D counts, tokens or samples, by the name of the recipe.
        data: What tells the data of a recipe from that of others: their losses can't be compared.
        left_out: Number of rows or jobs without a loss, by reason.
    """

    recipes: dict[str, Points]
    units: dict[str, str]
    data: dict[str, str]
    left_out: dict[str, int]


def points_of(rows: Sequence[tuple[float, ...]]) -> Points:
    """Rows of loss, parameters, amount and FLOPs; what a row lacks (NaN) is not known of any."""
    loss, params, amount, flops = np.array(rows, dtype=float).T
    known = [None if np.isnan(part).any() else part for part in (params, amount, flops)]
    return Points(loss, *known)
