"""What the best of many noisy means is likely to be when it is repeated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, variance

import numpy as np
from scipy.special import ndtr

from leyden.formatting import format_number
from leyden.sweeps.record import Objective
from leyden.sweeps.report.results import Configuration

MOST_RIVALS = 200
"""Of those that are compared: worse ones are hardly ever chosen."""


@dataclass(frozen=True)
class Expected:
    """The value to expect of the best when it is repeated.

    Attributes:
        value: The mean without what it owes to having been chosen.
        optimism: Its distance to the mean, positive.
    """

    value: float
    optimism: float


def expected_of_best(scored: Sequence[Configuration], objective: Objective) -> Expected | None:
    """The mean of the best configuration, corrected for having been chosen as the best.

    The optimism of the least of several noisy means is estimated by the parametric bootstrap, as
    by Tibshirani & Tibshirani (Annals of Applied Statistics 3, 2009) and Efron (Journal of the
    American Statistical Association 109, 2014): were the means that were found the true ones, the
    chosen mean would lie below its own true one by `optimism`, which is subtracted. Each mean has
    the noise of its own repeats; one without repeats has the median of the others' noise.

    Two others were compared with it by simulation. Shrinkage toward the mean of all (Efron &
    Morris, Journal of the American Statistical Association 70, 1975) corrects nothing as soon as
    some configurations are far worse, which is usual in a sweep, and too much where the best is
    clear. A pooled variance corrects far too much where one of the rivals is unstable.

    Args:
        scored: Configurations with scores, the best first.
        objective: Says whether less or more is better.

    Returns:
        None where repeats do not show the noise.
    """
    rivals = scored[:MOST_RIVALS]
    known = [variance(one.scores) for one in rivals if len(one.scores) > 1]
    if not any(known):
        return None
    usual = median(known)
    noise = [
        (variance(one.scores) if len(one.scores) > 1 else usual) / len(one.scores) for one in rivals
    ]
    sign = objective.sign
    means = [sign * one.mean for one in rivals]
    found = optimism(means, noise)
    return Expected(sign * (means[0] + found), found)


def optimism(means: Sequence[float], variances: Sequence[float]) -> float:
    """How far below its own true mean the least of some normal means is expected to lie.

    That is the sum over k of the integral of -s_k z over all z at which k is the least:
    -s_k z phi(z) times the chances that each other one is greater than mean_k + s_k z.

    Args:
        means: True means.
        variances: Variance of each of them.
    """
    z = np.linspace(-8.0, 8.0, 1601)
    weights = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    centers, scales = np.asarray(means), np.sqrt(np.asarray(variances))
    scales = np.maximum(scales, 1e-9 * scales.max())  # repeats that are all the same
    total = 0.0
    for place, (center, scale) in enumerate(zip(centers, scales, strict=True)):
        value = center + scale * z
        others = np.arange(len(centers)) != place
        greater = ndtr((centers[others, None] - value) / scales[others, None])
        total -= float((weights * scale * z * greater.prod(axis=0)).sum())
    return max(0.0, total)


def expected_words(scored: Sequence[Configuration], objective: Objective) -> str:
    """One sentence on what the choice of the best adds to its value; empty without a choice."""
    if len(scored) < 2:
        return ""
    found, count = expected_of_best(scored, objective), len(scored)
    if found is None:
        return (
            f"It was chosen as the best of {count} without repeats that show the noise, so its "
            f"{objective.metric} is likely better than that of a new repeat."
        )
    about = format_number(found.value)
    return f"Chosen as the best of {count}: expect about {about} when repeated."
