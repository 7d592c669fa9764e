"""Intervals of predictions by split conformal prediction."""

import numpy as np
import pytest

from leyden.run.prediction_intervals import FEWEST, conformal_half_width, intervals_of


def test_of_19_errors_the_interval_is_the_largest():
    assert conformal_half_width(np.arange(1.0, 20)) == 19.0


def test_of_39_errors_it_is_the_38th_of_their_sizes():
    errors = np.arange(1.0, 40) * np.tile([1, -1], 20)[:39]
    assert conformal_half_width(errors) == 38.0


def test_steps_with_too_few_errors_have_none():
    errors = [np.ones(40), np.ones(FEWEST - 1)]
    found = intervals_of(errors, [np.array([0.5, 2.0]), np.ones(1)])
    assert (found.half_widths, found.counts, found.coverage) == ([1.0], [40], [0.5])


@pytest.mark.parametrize("draw", ["normal", "exponential", "standard_cauchy"])
@pytest.mark.parametrize("count", [19, 50, 200])
def test_a_new_error_is_covered_in_95_of_100_cases_whatever_the_distribution(draw, count):
    """Exactly ceil(0.95 (n + 1)) / (n + 1); the bounds are 4 standard deviations of 4,000 draws."""
    random = np.random.default_rng(count)
    errors = getattr(random, draw)(size=(4000, count + 1))
    hits = [abs(row[-1]) <= conformal_half_width(row[:-1]) for row in errors]
    expected = np.ceil(0.95 * (count + 1)) / (count + 1)
    assert np.mean(hits) == pytest.approx(expected, abs=4 * np.sqrt(0.05 * 0.95 / 4000))
