"""Poisson batches: each sample by a chance of its own, and the same after a resume."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from leyden.data.batches import BatchSampler


def sampler(*, num_samples=200, batch_size=50, seed=0, **rest):
    rest = {"shuffle": True, "poisson": True, **rest}
    return BatchSampler(num_samples, batch_size=batch_size, seed=seed, **rest)


def batches(samples, epoch=0):
    samples.set_epoch(epoch)
    return [batch.index for batch in samples]


def test_each_sample_comes_as_often_as_its_rate_says_whatever_the_others_do():
    drawn = np.zeros((500 * 4, 200), dtype=bool)
    places = iter(range(len(drawn)))
    samples = sampler()
    for epoch in range(500):
        for index in batches(samples, epoch):
            drawn[next(places), index] = True
    assert next(places, None) is None
    # Of 2,000 draws with a chance of 1/4, five deviations are 0.048.
    assert abs(drawn.mean(0) - 0.25).max() < 0.048
    sizes = drawn.sum(1)
    assert abs(sizes.var() / (200 * 0.25 * 0.75) - 1) < 0.2  # binomial
    correlation = np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]
    assert abs(correlation) < 0.12


@given(seed=st.integers(0, 2**32 - 1), epoch=st.integers(0, 50), start=st.integers(0, 3))
def test_a_batch_depends_on_seed_epoch_and_place_alone(seed, epoch, start):
    whole = batches(sampler(seed=seed), epoch)
    later = sampler(seed=seed)
    later.set_epoch(epoch)
    later.start = start
    rest = [batch.index for batch in later]
    assert all(torch.equal(*pair) for pair in zip(whole[start:], rest, strict=True))
    assert all(len(index.unique()) == len(index) for index in whole)


def test_an_epoch_has_as_many_steps_as_one_of_shuffled_samples():
    assert len(sampler(num_samples=205)) == len(sampler(num_samples=205, poisson=False)) == 4


def test_a_rate_of_one_takes_all():
    (only,) = batches(sampler(batch_size=200))
    assert only.tolist() == list(range(200))
