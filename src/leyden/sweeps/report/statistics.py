"""How sure a mean is, and which configurations differ by more than their noise."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from scipy.stats import t, ttest_ind_from_stats
from statsmodels.stats.multitest import multipletests

from leyden.sweeps.report.results import Configuration

LEVEL = 0.05
METHOD = (
    "Intervals are 95 % intervals of the mean by Student's t over the repeats. A configuration is "
    "within noise of the best where Welch's two-sided t-test, with Holm's correction over all "
    "comparisons, gives p ≥ 0.05. The best was chosen by the same numbers, which flatters it a "
    "little."
)


def half_width(values: Sequence[float]) -> float | None:
    """Half the 95 % interval of the mean; None for less than two values."""
    count = len(values)
    if count < 2:
        return None
    return float(t.ppf(1 - LEVEL / 2, count - 1)) * stdev(values) / math.sqrt(count)


def differences(scored: list[Configuration]) -> list[float | None]:
    """Corrected p-value of each configuration's difference from the best.

    Args:
        scored: Configurations with scores, the best first.

    Returns:
        One for each; None for the best, and where there are no repeats to know the noise by.
    """
    corrected: list[float | None] = [None] * len(scored)
    repeated = [place for place, other in enumerate(scored) if len(other.scores) > 1]
    if len(repeated) < 2 or repeated[0] != 0:
        return corrected
    best, *others = repeated
    found = [welch(scored[best].scores, scored[place].scores) for place in others]
    for place, p in zip(others, multipletests(found, method="holm")[1], strict=True):
        corrected[place] = float(p)
    return corrected


def welch(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p-value that two means are the same, with unequal variances."""
    if stdev(first) == stdev(second) == 0:  # where the test's statistic is 0 / 0 or infinite
        return 1.0 if first[0] == second[0] else 0.0
    moments = [(fmean(values), stdev(values), len(values)) for values in (first, second)]
    return float(ttest_ind_from_stats(*moments[0], *moments[1], equal_var=False).pvalue)


def verdict(p: float | None) -> str:
    """What a p-value says in words."""
    if p is None:
        return "noise unknown"
    return "within noise" if p >= LEVEL else "worse"
