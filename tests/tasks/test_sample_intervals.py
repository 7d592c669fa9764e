import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from leyden.tasks.intervals import block_length, bootstrap_means, percentiles, resamples, wilson


@given(st.integers(1, 500), st.data())
def test_the_interval_of_a_share_is_statsmodels_wilson_interval(count, data):
    right = data.draw(st.integers(0, count))
    expected = proportion_confint(right, count, method="wilson")
    np.testing.assert_allclose(wilson(right, count), expected, atol=1e-12)


def test_a_bootstrap_interval_of_a_mean_has_the_width_of_the_normal_one_where_samples_are_many():
    values = np.random.default_rng(0).normal(size=4000)[:, None]
    low, high = bootstrap_means(values, lambda means: {"mean": means[:, 0]})["mean"]
    half = 1.96 * values.std() / np.sqrt(4000)
    np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half], atol=3e-3)


def test_the_same_part_has_the_same_interval():
    values = np.random.default_rng(1).normal(size=50)[:, None]
    first, second = (bootstrap_means(values, lambda m: {"mean": m[:, 0]}) for _ in range(2))
    assert first == second


def test_where_all_resamples_agree_there_is_no_interval():
    assert percentiles(np.ones(100)) is None


@given(st.integers(1, 300), st.integers(1, 20))
def test_a_resample_has_as_many_places_as_the_part_and_only_whole_stretches(count, block):
    rows = next(resamples(count, block=block))
    assert rows.shape[1] == count
    assert rows.min() >= 0
    assert rows.max() < count
    whole = rows[:, : count // block * block].reshape(len(rows), -1, block)
    assert ((np.diff(whole, axis=2) % count) == 1 % count).all()


@pytest.mark.parametrize(("count", "length"), [(1, 1), (27, 3), (28, 4), (1000, 10)])
def test_blocks_are_as_long_as_the_cube_root_of_the_part(count, length):
    assert block_length(count) == length


def coverage(draw, truth, count, *, block=1, trials=400):
    generator, hits = np.random.default_rng(0), 0
    for _ in range(trials):
        values = draw(generator, count)[:, None]
        low, high = bootstrap_means(values, lambda m: {"mean": m[:, 0]}, block=block)["mean"]
        hits += low <= truth <= high
    return hits / trials


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "truth"),
    [
        (lambda random, n: random.normal(size=n), 0.0),
        (lambda random, n: random.exponential(size=n), 1.0),
        (lambda random, n: random.gamma(0.5, size=n), 0.5),
    ],
    ids=["normal", "exponential", "gamma"],
)
def test_intervals_of_a_test_part_of_three_hundred_cover_the_truth_in_95_of_100_cases(draw, truth):
    assert coverage(draw, truth, 300, trials=2000) == pytest.approx(0.95, abs=0.02)


@pytest.mark.slow
def test_blocks_cover_where_neighbours_are_alike_and_single_samples_do_not():
    def walk(random, n):
        noise, values = random.normal(size=n + 50), np.zeros(n + 50)
        for place in range(1, n + 50):
            values[place] = 0.5 * values[place - 1] + noise[place]
        return values[50:]

    single, blocks = (coverage(walk, 0.0, 500, block=block) for block in (1, block_length(500)))
    assert single < 0.8
    assert blocks > 0.88
