"""95 % intervals of metrics over the samples of a test part.

They say how far a metric would move with another test part of the same size. They do not say how
far it would move with another seed of the training.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Interval = tuple[float, float]

LEVEL = 0.95
Z = 1.959963984540054
"""Quantile of the normal distribution at 0.975."""

NUM_RESAMPLES = 1000
"""Resamples of a percentile interval: the usual number (Efron and Tibshirani 1993, chapter 13)."""

MOST_DRAWS = 20_000_000
"""Samples that are drawn in all for an interval; large parts have fewer resamples."""

LEAST_RESAMPLES = 200
CHUNK = 2_000_000
"""Samples that are drawn at a time, for the memory."""


def wilson(successes: float, count: int) -> Interval:
    """Interval of a share (Wilson 1927); of none or all right it has a width, too.

    Args:
        successes: Samples that are right.
        count: All samples.
    """
    share = successes / count
    centre = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    spread = math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    half = Z / (1 + Z**2 / count) * spread
    return max(0.0, centre - half), min(1.0, centre + half)


def num_resamples(count: int) -> int:
    """Number of resamples of a part."""
    return max(LEAST_RESAMPLES, min(NUM_RESAMPLES, MOST_DRAWS // max(1, count)))


def resamples(count: int, *, block: int = 1) -> Iterator[NDArray[np.int64]]:
    """Places of samples that are drawn with replacement, some rows at a time.

    Args:
        count: Samples of the part.
        block: Length of the stretches that are drawn as a whole; the end goes on at the beginning
            (circular block bootstrap, Politis and Romano 1992).
    """
    generator = np.random.default_rng(0)  # the same part has the same interval
    left, rows = num_resamples(count), max(1, CHUNK // count)
    while left:
        size = min(rows, left)
        if block == 1:
            yield generator.integers(count, size=(size, count))
        else:
            starts = generator.integers(count, size=(size, math.ceil(count / block), 1))
            places = (starts + np.arange(block)) % count
            yield places.reshape(size, -1)[:, :count]
        left -= size


def block_length(count: int) -> int:
    """Length of the blocks for samples that follow each other in time: the cube root of the count.

    That is the rate at which the error of the variance is least (Hall, Horowitz and Jing 1995).
    """
    # Roots of cubes come out a little too large on some machines.
    return max(1, math.ceil(round(float(np.cbrt(count)), 9)))


def bootstrap_means(
    columns: Array, statistics: Callable[[Array], dict[str, Array]], *, block: int = 1
) -> dict[str, Interval]:
    """Percentile intervals of functions of means.

    Args:
        columns: Numbers of each sample: (samples, columns).
        statistics: Gives for means (resamples, columns) the metrics of each resample, by name.
        block: See `resamples`.
    """
    means = [
        np.stack([column[places].mean(1) for column in columns.T], 1)
        for places in resamples(len(columns), block=block)
    ]
    found = statistics(np.concatenate(means))
    return {name: interval for name, values in found.items() if (interval := percentiles(values))}


def percentiles(values: Array) -> Interval | None:
    """The middle 95 %; None where resamples have no value, or all of them have the same."""
    if not np.isfinite(values).all():
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return (float(low), float(high)) if low < high else None
