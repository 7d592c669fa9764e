"""Losses of recipes, from wherever they come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leyden.sweeps.scaling.fit import Array, Points

FLOPS_PER_PARAMETER = 6
"""Operations for a parameter and a token, forward and backward (Kaplan et al. 2020)."""

LEAST_SPREAD = 0.01
"""Of N or D computed from the others: with less they are one value, rounded in the source."""


@dataclass(frozen=True)
class Measured:
    """Losses of each recipe.

    Attributes:
        recipes: Points by the name of the recipe; one empty name where there is one recipe alone.
        units: What D counts, tokens or samples, by the name of the recipe.
        data: What tells the data of a recipe from that of others: their losses can't be compared.
        left_out: Number of rows or jobs without a loss, by reason.
        derived: What was computed as the source does not say it; empty: nothing.
    """

    recipes: dict[str, Points]
    units: dict[str, str]
    data: dict[str, str]
    left_out: dict[str, int]
    derived: str = ""


def points_of(rows: Sequence[tuple[float, ...]]) -> Points:
    """Rows of loss, parameters, amount and FLOPs; what a row lacks (NaN) is not known of any."""
    loss, params, amount, flops = np.array(rows, dtype=float).T
    known = [None if np.isnan(part).any() else part for part in (params, amount, flops)]
    return Points(loss, *known)


def derived(points: Points) -> Points:
    """Points with N or D from C = 6 N D, where the two others are known."""
    if points.flops is None:
        return points
    pairs = points.flops / FLOPS_PER_PARAMETER
    if points.amount is None and points.params is not None:
        return replace(points, amount=_rounded(pairs / points.params))
    if points.params is None and points.amount is not None:
        return replace(points, params=_rounded(pairs / points.amount))
    return points


def _rounded(values: Array) -> Array:
    is_one = values.max() <= (1 + LEAST_SPREAD) * values.min()
    return np.full_like(values, np.median(values)) if is_one else values
