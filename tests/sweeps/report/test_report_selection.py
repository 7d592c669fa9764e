"""What the best of several noisy means is expected to be when it is repeated."""

import math

import numpy as np
import pytest

from leyden.sweeps.record import Objective
from leyden.sweeps.report.results import Configuration, read_results
from leyden.sweeps.report.selection import expected_of_best, expected_words, optimism


def test_the_lesser_of_two_equal_means_lies_too_low_by_a_known_amount():
    # The expectation of the lesser of two N(0, v) is -sqrt(v / pi)
    assert optimism([3.0, 3.0], [4.0, 4.0]) == pytest.approx(2 / math.sqrt(math.pi), rel=1e-6)


def test_the_least_of_four_equal_means_lies_too_low_by_a_known_amount():
    # The expectation of the greatest of four N(0, 1) is 1.02938 (Harter, Biometrika 48, 1961)
    assert optimism([0.0] * 4, [1.0] * 4) == pytest.approx(1.02938, abs=1e-5)


def test_of_means_far_apart_the_choice_adds_nothing():
    assert optimism([0.0, 100.0, 200.0], [1.0, 1.0, 1.0]) == pytest.approx(0.0, abs=1e-9)


def test_a_mean_without_noise_takes_part():
    # The lesser of N(0, 1) and 0: half of the cases, in which it lies too low by sqrt(2 / pi)
    assert optimism([0.0, 0.0], [1.0, 0.0]) == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-3)


def test_optimism_is_the_mean_of_drawn_sweeps():
    means, variances = np.array([1.0, 1.2, 1.5, 4.0]), np.array([0.1, 0.3, 0.05, 2.0])
    draws = np.random.default_rng(0).normal(means, np.sqrt(variances), (400_000, 4))
    chosen = draws.argmin(axis=1)
    drawn = (means[chosen] - draws.min(axis=1)).mean()
    assert optimism(list(means), list(variances)) == pytest.approx(drawn, abs=0.003)


class Scored(Configuration):
    """A configuration of scores that were drawn."""

    def __init__(self, values):
        super().__init__("", {}, [])
        object.__setattr__(self, "drawn", list(values))

    @property
    def scores(self):
        return self.drawn


TRUTHS = {
    "all alike": ([0.0] * 8, [1.0] * 8),
    "half far behind": ([0.0] * 4 + [20.0] * 4, [1.0] * 8),
    "spread": ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0], [1.0] * 8),
    "some unstable": ([0.0] * 4 + [20.0] * 4, [1.0] * 4 + [5.0] * 4),
}


@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("sign", [1, -1])
def test_the_expected_value_of_the_best_has_less_bias_than_its_mean(truth, sign):
    true, deviations = map(np.array, TRUTHS[truth])
    generator, objective = np.random.default_rng(0), Objective("m", "min" if sign > 0 else "max")
    errors = []
    for _ in range(300):
        drawn = sign * generator.normal(true, deviations, (3, 8)).T
        order = np.argsort(sign * drawn.mean(axis=1))
        found = expected_of_best([Scored(drawn[place]) for place in order], objective)
        goal = sign * true[order[0]]
        errors.append((drawn[order[0]].mean() - goal, found.value - goal))
    raw, corrected = np.mean(errors, axis=0)
    assert sign * raw < -0.3
    assert abs(corrected) < 0.5 * abs(raw)


def two(job, scores):
    return [
        job(f"model={m}", f"seed={s}", score=v)
        for m, values in scores.items()
        for s, v in enumerate(values)
    ]


def test_the_answer_says_what_to_expect_of_the_best(sweep, job):
    # Variances 1 / 3 of means 2 and 2: 2 + sqrt(1 / 3 / pi) = 2.3257
    results = read_results(sweep(two(job, {"a": [1, 2, 3], "b": [1, 2, 3]})))
    text = expected_words(results.scored, results.objective)
    assert text == "Chosen as the best of 2: expect about 2.326 when repeated."


def test_without_repeats_the_best_is_called_optimistic(sweep, job):
    results = read_results(sweep(two(job, {"a": [1], "b": [2]})))
    text = expected_words(results.scored, results.objective)
    assert text.startswith("It was chosen as the best of 2 without repeats that show the noise")


def test_of_one_configuration_nothing_was_chosen(sweep, job):
    results = read_results(sweep(two(job, {"a": [1, 2]})))
    assert expected_words(results.scored, results.objective) == ""
