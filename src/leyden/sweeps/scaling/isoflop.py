"""IsoFLOP curves: at each budget the loss by the amount of data, and its lowest point.

Approach 2 of Hoffmann et al. 2022: a parabola of the loss in the log of tokens, or of parameters.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from leyden.sweeps.scaling.fit import Array, Points

SAME_BUDGET = 0.05
"""Budgets whose logs are closer than this are one: runs end at a whole number of steps."""


@dataclass(frozen=True)
class Optimum:
    """The lowest point of the parabola of a budget.

    Attributes:
        flops: Budget.
        amount: Tokens or samples there; None where only parameters are known.
        params: Parameters there; None where they are not known.
        loss: Loss there.
        count: Number of points of the budget.
        is_inside: Whether it lies between the points; else it is extrapolated.
    """

    flops: float
    amount: float | None
    params: float | None
    loss: float
    count: int
    is_inside: bool


def optima(points: Points) -> list[Optimum]:
    """The lowest point of each budget with three points or more, the smallest budget first.

    Budgets whose parabola has no lowest point are left out.
    """
    if points.flops is None or (points.amount is None and points.params is None):
        return []
    found = []
    for flops, chosen in _budgets(points.flops):
        part = points.taken(chosen)
        by_amount = part.amount if part.amount is not None else part.params
        assert by_amount is not None
        if len(np.unique(by_amount)) < 3:
            continue
        x, least, is_inside = _vertex(by_amount, part.loss)
        if not np.isfinite(x):
            continue
        params: float | None = None
        if part.amount is not None and part.params is not None:
            order = np.argsort(np.log(part.amount))
            params = float(
                np.exp(np.interp(np.log(x), np.log(part.amount)[order], np.log(part.params)[order]))
            )
        found.append(
            Optimum(
                flops=flops,
                amount=x if part.amount is not None else None,
                params=params if part.amount is not None else x,
                loss=least,
                count=len(part),
                is_inside=is_inside,
            )
        )
    return found


def _vertex(amount: Array, loss: Array) -> tuple[float, float, bool]:
    """The lowest point of the parabola of loss in log amount; NaN where it opens downward."""
    x = np.log(amount)
    center = x.mean()
    a, b, c = np.polyfit(x - center, loss, 2)
    if a <= 0:
        return float("nan"), float("nan"), False
    lowest = -b / (2 * a)
    at = lowest + center
    return float(np.exp(at)), float(c - b * b / (4 * a)), bool(x.min() <= at <= x.max())


def _budgets(flops: Array) -> list[tuple[float, Array]]:
    """The budgets, each with the places of its points."""
    groups: dict[float, list[int]] = defaultdict(list)
    current = -np.inf
    for place in np.argsort(flops, kind="stable"):
        if np.log(flops[place]) - current > SAME_BUDGET:
            current = float(np.log(flops[place]))
        groups[current].append(int(place))
    return [(float(np.median(flops[places])), np.array(places)) for places in groups.values()]


@dataclass(frozen=True)
class PowerLaw:
    """`factor * C^exponent`."""

    factor: float
    exponent: float

    def __call__(self, flops: float) -> float:
        return float(self.factor * flops**self.exponent)


def power_law(flops: Array, values: Array) -> PowerLaw | None:
    """The straight line through logs; None of fewer than two budgets."""
    if len(np.unique(flops)) < 2:
        return None
    slope, offset = np.polyfit(np.log(flops), np.log(values), 1)
    return PowerLaw(float(np.exp(offset)), float(slope))


def envelope(points: Points) -> list[int]:
    """Places of the points that no cheaper point beats, the cheapest first: approach 1."""
    if points.flops is None:
        return []
    best, found = np.inf, []
    for place in np.lexsort((points.loss, points.flops)):
        if points.loss[place] < best:
            best = float(points.loss[place])
            found.append(int(place))
    return found
