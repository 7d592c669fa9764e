"""Which configurations differ by more than their noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from scipy.stats import t, ttest_ind_from_stats

from leyden.sweeps.objective import LEVEL
from leyden.sweeps.report.results import Configuration

METHOD = (
    "Intervals are 95 % intervals of the mean by Student's t over the repeats; where a metric is "
    "strongly skewed over the repeats, only 88 to 93 % of such intervals hold the mean. A "
    "configuration is worse than the best where Welch's two-sided t-test, with Holm's correction "
    "over all comparisons, gives p < 0.05. Otherwise the two can't be told apart with these "
    "repeats, which does not say that they are equal: a difference of less than the smallest "
    "detectable one would not have been seen. The best was chosen by the same numbers; what to "
    "expect of it when it is repeated is its mean without what it owes to the choice, by the "
    "parametric bootstrap."
)


@dataclass(frozen=True)
class Comparison:
    """A configuration beside the best one.

    Attributes:
        p: Holm-corrected p-value of the difference of their means; None for the best itself, and
            where repeats do not show the noise.
        detectable: The smallest difference that would have been significant, see
            `smallest_detectable`; None where `p` is.
        repeats: Completed jobs of the best and of the other one.
    """

    p: float | None
    detectable: float | None
    repeats: tuple[int, int]

    @property
    def is_told_apart(self) -> bool:
        """Whether the difference is more than noise."""
        return self.p is not None and self.p < LEVEL

    @property
    def verdict(self) -> str:
        """In words."""
        if self.p is None:
            return "noise unknown"
        return "worse" if self.is_told_apart else f"can't be told apart with {self.counted}"

    @property
    def counted(self) -> str:
        """`2 repeats`, or `3 and 2 repeats`."""
        best, other = self.repeats
        return f"{best} repeats" if best == other else f"{best} and {other} repeats"


def compare(scored: list[Configuration]) -> list[Comparison]:
    """Each configuration beside the best.

    Args:
        scored: Configurations with scores, the best first.
    """
    if not scored:
        return []
    best = scored[0].scores
    raw = {
        place: p
        for place, other in enumerate(scored)
        if place > 0 and (p := welch(best, other.scores)) is not None
    }
    corrected = holm(raw)
    return [
        Comparison(
            corrected.get(place),
            _detectable(place, best, other.scores, raw) if place in raw else None,
            (len(best), len(other.scores)),
        )
        for place, other in enumerate(scored)
    ]


def _detectable(
    place: int, best: Sequence[float], other: Sequence[float], raw: dict[int, float]
) -> float:
    others = [p for its, p in raw.items() if its != place]
    return smallest_detectable(best, other, level=holm_level(others))


def welch(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Two-sided p-value that two means are the same, with unequal variances.

    Returns:
        None where one of them has no repeats, or none of the repeats differ: then their noise is
        not known, such as that of an accuracy over few samples.
    """
    if min(len(first), len(second)) < 2 or variance(first) == variance(second) == 0:
        return None
    moments = [
        (fmean(values), math.sqrt(variance(values)), len(values)) for values in (first, second)
    ]
    return float(ttest_ind_from_stats(*moments[0], *moments[1], equal_var=False).pvalue)


def smallest_detectable(first: Sequence[float], second: Sequence[float], *, level: float) -> float:
    """The least difference of two means that Welch's test would have called significant.

    With the variances s² that were found it is the critical difference t(1 - level / 2; v) x
    sqrt(s1² / n1 + s2² / n2), where v are the degrees of freedom by Welch (Biometrika 34, 1947)
    and Satterthwaite (Biometrics Bulletin 2, 1946): (a + b)² / (a² / (n1 - 1) + b² / (n2 - 1)) with
    a = s1² / n1, b = s2² / n2. A true difference of this size is found in about half of all cases.

    Args:
        first: Values of the one; at least two.
        second: Values of the other; at least two; not all values of both may be the same.
        level: Level of the test.
    """
    a, b = (variance(values) / len(values) for values in (first, second))
    share = a / (a + b)
    freedom = 1 / (share**2 / (len(first) - 1) + (1 - share) ** 2 / (len(second) - 1))
    return float(t.ppf(1 - level / 2, freedom)) * math.sqrt(a + b)


def holm(raw: Mapping[int, float]) -> dict[int, float]:
    """P-values corrected for all comparisons by Holm's procedure, see `holm_level`."""
    found, greatest = {}, 0.0
    for passed, (place, p) in enumerate(sorted(raw.items(), key=lambda item: item[1])):
        greatest = max(greatest, min(1.0, (len(raw) - passed) * p))
        found[place] = greatest
    return found


def holm_level(others: Sequence[float]) -> float:
    """The level at which one more p-value counts as significant by Holm's procedure.

    Holm (Scandinavian Journal of Statistics 6, 1979) compares the k-th smallest of m p-values with
    0.05 / (m - k + 1), and stops at the first that is not significant.

    Args:
        others: The p-values of the other comparisons.
    """
    count = len(others) + 1
    passed = 0
    for p in sorted(others):
        if (count - passed) * p >= LEVEL:  # as `holm` has it, to the last bit
            break
        passed += 1
    return LEVEL / (count - passed)
