"""Intervals of what a scaling law says, by a bootstrap of the points or of their residuals."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
from scipy.stats import t

from leyden.sweeps.scaling.fit import Array, Law, Points, fit

LEVEL = 0.95
RESAMPLES = 1000
MANY = 4
"""Points for each parameter of a law from which whole points are drawn."""

Interval = tuple[float, float]


def resampled(points: Points, law: Law, *, resamples: int = RESAMPLES, seed: int = 0) -> list[Law]:
    """Laws of points that are drawn again: whole points, or of few the residuals alone.

    Whole points need no assumption: noise may differ between small and large models, and outliers
    may lie where they weigh much. Of few points too few different ones would be drawn.

    Args:
        points: Points of the law.
        law: Their law.
        resamples: Number of laws.
        seed: Seed of the draws: equal in every call.
    """
    random = np.random.default_rng(seed)
    if len(points) >= MANY * law.num_parameters:
        draws = _whole_points(points, law, random)
    else:
        draws = _residuals(points, law, random)
    return [fit(again, delta=law.delta, start=law) for again in islice(draws, resamples)]


def _whole_points(points: Points, law: Law, random: np.random.Generator) -> Iterator[Points]:
    count = len(points)
    while True:
        again = points.taken(random.integers(count, size=count))
        values = again.amounts.values()
        if len(values) == len(law.terms) and all(len(np.unique(one)) >= 3 for one in values):
            yield again


def _residuals(points: Points, law: Law, random: np.random.Generator) -> Iterator[Points]:
    """Points whose residuals are drawn again.

    They are widened for the degrees of freedom that the fit has used up, and by the ratio of
    Student's t to the normal distribution, as few of them tell little of their own spread
    (Davison and Hinkley 1997, section 6.2.3).
    """
    count = len(points)
    freedom = max(1, count - law.num_parameters)
    center = law.residuals - law.residuals.mean()
    wider = np.sqrt(count / freedom) * _ratio_of_t(freedom)
    expected = np.log(points.loss) - law.residuals
    while True:
        drawn = expected + wider * random.choice(center, size=count)
        yield replace(points, loss=np.exp(drawn))


def _ratio_of_t(freedom: int) -> float:
    """Ratio of the 97.5 % points of Student's t and of the normal distribution."""
    high = 1 - (1 - LEVEL) / 2
    return float(t.ppf(high, freedom) / t.ppf(high, 1e9))


def interval(laws: list[Law], value: Callable[[Law], float]) -> Interval:
    """The interval of something that a law says: the middle 95 % over laws of the bootstrap."""
    found: Array = np.array([value(law) for law in laws])
    found = found[np.isfinite(found)]
    if not len(found):
        return (float("nan"), float("nan"))
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
