"""Intervals of what a scaling law says, by a bootstrap of its residuals."""

from collections.abc import Callable

import numpy as np
from scipy.stats import t

from leyden.sweeps.scaling.fit import Array, Law, Points, fit

LEVEL = 0.95
RESAMPLES = 1000

Interval = tuple[float, float]


def resampled(points: Points, law: Law, *, resamples: int = RESAMPLES, seed: int = 0) -> list[Law]:
    """Laws of points whose residuals are drawn again.

    The residuals are widened for the degrees of freedom that the fit has used up, and by the ratio
    of Student's t to the normal distribution, as few of them tell little of their own spread
    (Davison and Hinkley 1997, section 6.2.3).

    Args:
        points: Points of the law.
        law: Their law.
        resamples: Number of laws.
        seed: Seed of the draws: equal in every call.
    """
    count = len(points)
    freedom = max(1, count - law.num_parameters)
    center = law.residuals - law.residuals.mean()
    wider = np.sqrt(count / freedom) * _ratio_of_t(freedom)
    expected = np.log(points.loss) - law.residuals
    random = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        drawn = expected + wider * random.choice(center, size=count)
        again = Points(np.exp(drawn), points.params, points.amount, points.flops)
        found.append(fit(again, delta=law.delta, start=law))
    return found


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
