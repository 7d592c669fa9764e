"""Intervals cover what they are to cover."""

import numpy as np
import pytest

from leyden.sweeps.scaling.fit import Points, fit
from leyden.sweeps.scaling.intervals import interval, resampled

SIZES = np.repeat(np.geomspace(1e4, 3e6, 6), 3)
NOISE = {
    "skewed": lambda random, count: random.exponential(size=count) - 1,
    "greater of small models": lambda random, count: (
        np.linspace(2, 0.3, count) * random.normal(size=count)
    ),
}


def test_intervals_are_the_same_in_every_call():
    noise = np.exp(0.01 * np.random.default_rng(0).normal(size=len(SIZES)))
    points = Points((0.3 + 20 * SIZES**-0.4) * noise, SIZES)
    law = fit(points)
    found = [
        interval(resampled(points, law, resamples=50), lambda one: one.value("alpha"))
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert found[0][0] < law.value("alpha") < found[0][1]


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISE)
def test_the_interval_of_an_exponent_covers_it_in_95_of_100_cases(noise):
    """Of 200 simulations; the bounds are 2 standard deviations of such a count from 93 and 97 %."""
    random, hits = np.random.default_rng(1), 0
    for _ in range(200):
        drawn = np.exp(0.01 * NOISE[noise](random, len(SIZES)))
        points = Points((0.3 + 20 * SIZES**-0.4) * drawn, SIZES)
        laws = resampled(points, fit(points), resamples=100)
        low, high = interval(laws, lambda one: one.value("alpha"))
        hits += low <= 0.4 <= high
    assert 0.89 <= hits / 200 <= 0.995
