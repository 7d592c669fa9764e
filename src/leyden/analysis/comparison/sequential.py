"""A sequential test of paired differences, and when it ends.

After each pair the mean difference is tested by Student's t. To look so often would find a
difference by chance in far more than 5 of 100 cases, so each look has a smaller level: the one at
which any look rejects in 5 % of simulated normal differences (as Pocock, Biometrika 64, 1977, has
for known variances). The interval at that level holds the true difference at all looks together
in 95 % of the cases (Jennison and Turnbull, Journal of the Royal Statistical Society B 51, 1989).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit  # as scipy.stats.t, for a hundredth of its time

LEVEL = 0.05
"""Share of comparisons without a difference that find one, better and worse together."""

LEAST_PAIRS = 3
"""With two pairs the critical value is so large that nothing is found."""

PAIRS_IF_CONSTANT = 6
"""Pairs from which differences that are all the same count: chance alone gives one sign to so many
in 1 of 32 cases. Metrics such as an accuracy have steps, so three may be equal by chance."""

LEAST_CHANCE = 0.1
"""Chance of a decision by the last pair below which to go on is futile."""

NUM_SIMULATED = 40_000

Word = Literal["better", "worse", "no difference", "not decided"]
Reason = Literal["separable", "within delta", "futile", "equal", "pairs", "budget", "failures"]


@dataclass(frozen=True)
class Verdict:
    """What the pairs say.

    Attributes:
        word: The verdict on the variant; `no difference` means none larger than the user's delta.
        reason: Why the comparison ended.
        pairs: Number of pairs.
        effect: Mean of variant less base, in the metric's own unit; None without a pair.
        interval: 95 % interval of the effect, over all looks; None with fewer than two pairs.
        bound: Size of the effect that the interval excludes; None where there is no interval.
    """

    word: Word
    reason: Reason
    pairs: int
    effect: float | None
    interval: tuple[float, float] | None

    @property
    def bound(self) -> float | None:
        """The largest size of an effect that the interval allows."""
        return None if self.interval is None else max(map(abs, self.interval))


@cache
def level_of_a_look(most_pairs: int, least_pairs: int = LEAST_PAIRS) -> float:
    """Level of each look at which any of them rejects in `LEVEL` of normal differences.

    Args:
        most_pairs: Number of the last pair.
        least_pairs: Number of the pair of the first look.
    """
    generator, count = np.random.default_rng(0), np.arange(1, most_pairs + 1)
    draws = generator.normal(size=(NUM_SIMULATED, most_pairs))
    means = draws.cumsum(1) / count
    squares = np.square(draws).cumsum(1) - count * np.square(means)
    looks = slice(least_pairs - 1, None)
    number = count[looks]
    deviations = np.sqrt(squares[:, looks] / (number - 1))
    ratios = np.abs(means[:, looks]) * np.sqrt(number) / deviations
    return float(np.quantile((2 * stdtr(number - 1, -ratios)).min(1), LEVEL))


def verdict_of(
    differences: Sequence[float],
    *,
    sign: int,
    most_pairs: int,
    delta: float | None = None,
    ended: Reason | None = None,
) -> Verdict | None:
    """What some pairs say; None where there should be another one.

    Args:
        differences: Metric of the variant less that of the base, of each pair.
        sign: 1 where less is better, -1 where more is.
        most_pairs: Number of the last pair.
        delta: Differences up to this size don't matter; None: the user has not said.
        ended: Why there will be no other pair; None: there can be one.
    """
    count = len(differences)
    if ended is None and count >= most_pairs:
        ended = "pairs"
    effect = None if not count else math.fsum(differences) / count
    interval = interval_of(differences, most_pairs=most_pairs)

    def verdict(word: Word, reason: Reason) -> Verdict:
        return Verdict(word, reason, count, effect, interval)

    if ended == "failures":
        return verdict("not decided", "failures")
    if effect is not None and interval is not None and count >= LEAST_PAIRS:
        low, high = interval
        if low == high == 0 and count >= PAIRS_IF_CONSTANT:
            return verdict("no difference", "equal")
        is_constant = low == high
        if (low > 0 or high < 0) and not (is_constant and count < PAIRS_IF_CONSTANT):
            return verdict("better" if sign * effect < 0 else "worse", "separable")
        is_known = not is_constant or count >= PAIRS_IF_CONSTANT
        if delta is not None and is_known and -delta <= low and high <= delta:
            return verdict("no difference", "within delta")
        if ended is None and is_futile(differences, most_pairs=most_pairs, delta=delta):
            return verdict("not decided", "futile")
    return None if ended is None else verdict("not decided", ended)


def interval_of(differences: Sequence[float], *, most_pairs: int) -> tuple[float, float] | None:
    """The 95 % interval of the mean difference over all looks; None for fewer than two pairs."""
    count = len(differences)
    if count < 2:
        return None
    mean = math.fsum(differences) / count
    deviation = float(np.std(differences, ddof=1)) if len(set(differences)) > 1 else 0.0
    level = level_of_a_look(max(most_pairs, LEAST_PAIRS))
    half = float(stdtrit(count - 1, 1 - level / 2)) * deviation / math.sqrt(count)
    return mean - half, mean + half


def is_futile(differences: Sequence[float], *, most_pairs: int, delta: float | None) -> bool:
    """Whether the last pair will hardly decide; asked from half of all pairs on.

    The mean of all pairs is predicted from those that are there: it is normal around their mean,
    with variance s² (N - n) / (N n).

    Args:
        differences: See `verdict_of`.
        most_pairs: Number of the last pair, N.
        delta: A user who gave it waits for the interval to lie within; nothing is futile then.
    """
    count = len(differences)
    if delta is not None or count < max(LEAST_PAIRS + 1, math.ceil(most_pairs / 2)):
        return False
    mean, deviation = float(np.mean(differences)), float(np.std(differences, ddof=1))
    if deviation == 0:
        return False
    spread = deviation * math.sqrt((most_pairs - count) / (most_pairs * count))
    level = level_of_a_look(most_pairs)
    needed = float(stdtrit(most_pairs - 1, 1 - level / 2)) * deviation / math.sqrt(most_pairs)
    above = stdtr(count - 1, (mean - needed) / spread)
    below = stdtr(count - 1, (-needed - mean) / spread)
    return bool(above + below < LEAST_CHANCE)
