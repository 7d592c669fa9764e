import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from leyden.analysis.comparison.sequential import (
    LEAST_PAIRS,
    PAIRS_IF_CONSTANT,
    interval_of,
    is_futile,
    level_of_a_look,
    verdict_of,
)

NUMBERS = st.lists(st.floats(-100, 100), min_size=1, max_size=12)


def ended(draw, *, most_pairs, shift=0.0, delta=None):
    """The verdict on two sides that differ by a shift, as pairs come one by one."""
    differences = []
    while True:
        differences.append(draw() - draw() + shift)
        found = verdict_of(differences, sign=1, most_pairs=most_pairs, delta=delta)
        if found is not None:
            return found


def shares(draw, *, trials=2000, **options):
    found = [ended(draw, **options) for _ in range(trials)]
    words = [one.word for one in found]
    shift = options.get("shift", 0.0)
    covered = np.mean([one.interval[0] <= shift <= one.interval[1] for one in found])
    return {word: words.count(word) / trials for word in set(words)}, covered


DRAWS = {
    "normal": lambda random: random.normal(),
    "lognormal": lambda random: random.lognormal(),
    "gamma": lambda random: random.gamma(0.5),
    "heavy tails": lambda random: random.standard_t(3),
    "an accuracy with steps": lambda random: round(random.normal(170, 2)) / 180,
    "an accuracy with few steps": lambda random: round(random.normal(178, 0.6)) / 180,
}


@pytest.mark.slow
@pytest.mark.parametrize("most_pairs", [5, 10, 20])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_without_a_difference_at_most_5_of_100_comparisons_say_better(draw, most_pairs):
    random = np.random.default_rng(0)
    found, covered = shares(lambda: draw(random), most_pairs=most_pairs)
    assert found.get("better", 0) <= 0.05
    assert found.get("worse", 0) <= 0.05
    assert covered >= 0.93


@pytest.mark.slow
def test_a_large_difference_is_found_by_few_pairs():
    random = np.random.default_rng(0)
    results = [ended(random.normal, most_pairs=10, shift=-3.0) for _ in range(500)]
    assert np.mean([one.word == "better" for one in results]) > 0.98
    assert np.mean([one.pairs for one in results]) < 6


@pytest.mark.slow
def test_an_equal_pair_is_called_equal_where_a_delta_is_given():
    random = np.random.default_rng(0)
    found, _ = shares(random.normal, most_pairs=20, delta=3.0, trials=500)
    assert found.get("no difference", 0) > 0.9


def test_with_one_look_the_level_is_that_of_the_plain_test():
    assert level_of_a_look(3, 3) == pytest.approx(0.05, rel=0.05)


def test_the_level_of_a_look_falls_with_the_number_of_looks():
    levels = [level_of_a_look(most) for most in (3, 5, 10, 20)]
    assert levels == sorted(levels, reverse=True)


@given(NUMBERS.filter(lambda values: len(values) > 1 and np.std(values) > 1e-6))
def test_the_interval_is_scipys_at_the_level_of_a_look(values):
    test = ttest_1samp(values, 0)
    expected = test.confidence_interval(1 - level_of_a_look(12))
    assert interval_of(values, most_pairs=12) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(NUMBERS)
def test_the_verdict_is_turned_around_with_the_mode(values):
    less, more = (verdict_of(values, sign=sign, most_pairs=12) for sign in (1, -1))
    turned = {"better": "worse", "worse": "better"}
    assert (less is None) == (more is None)
    if less is not None:
        assert more.word == turned.get(less.word, less.word)


@given(NUMBERS, st.floats(0.1, 100))
def test_the_verdict_does_not_depend_on_the_unit(values, scale):
    if len(set(values)) != len({value * scale for value in values}) or min(map(abs, values)) < 1e-3:
        return
    words = [
        one and one.word
        for one in (
            verdict_of([value * factor for value in values], sign=1, most_pairs=12)
            for factor in (1, scale)
        )
    ]
    assert words[0] == words[1]


def test_two_pairs_decide_nothing():
    assert verdict_of([-1.0, -1.001], sign=1, most_pairs=10) is None


@pytest.mark.parametrize("value", [0.0, -0.5])
def test_equal_differences_count_from_six_pairs_on(value):
    for count in range(1, PAIRS_IF_CONSTANT):
        assert verdict_of([value] * count, sign=1, most_pairs=10) is None
    found = verdict_of([value] * PAIRS_IF_CONSTANT, sign=1, most_pairs=10)
    assert found.word == ("better" if value else "no difference")


@pytest.mark.parametrize("reason", ["budget", "failures"])
def test_a_comparison_that_is_cut_short_is_not_decided(reason):
    found = verdict_of([0.1, -0.2, 0.05], sign=1, most_pairs=10, ended=reason)
    assert (found.word, found.reason) == ("not decided", reason)


def test_a_failure_outweighs_a_difference():
    assert verdict_of([-1.0, -1.1, -1.05], sign=1, most_pairs=10).word == "better"
    failed = verdict_of([-1.0, -1.1, -1.05], sign=1, most_pairs=10, ended="failures")
    assert failed.word == "not decided"


def test_noise_around_nothing_is_futile_from_half_of_the_pairs_on_only():
    noise = [0.1, -0.1, 0.12, -0.13, 0.02]
    assert is_futile(noise, most_pairs=10, delta=None)
    assert not is_futile(noise[:4], most_pairs=10, delta=None)
    assert not is_futile(noise, most_pairs=10, delta=0.01)
    assert LEAST_PAIRS == 3
