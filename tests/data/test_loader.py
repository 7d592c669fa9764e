import os
import time
from itertools import chain, islice

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import loader
from leyden.data.batches import BatchSampler
from leyden.data.loader import Loader

few = settings(deadline=None, max_examples=30, derandomize=True)
sizes = st.integers(0, 60)
batch_sizes = st.integers(1, 20)
splits = st.integers(1, 4)


class Echo:
    """Samples that are their own places, labelled with the epoch."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, batch):
        return batch.index, torch.full_like(batch.index, batch.epoch)


def make_loader(num_samples=20, *, num_workers=0, **options):
    options = {"batch_size": 4, "shuffle": True, "seed": 7} | options
    return Loader(Echo(num_samples), BatchSampler(num_samples, **options), num_workers=num_workers)


def as_lists(batches):
    return [(places.tolist(), epochs.tolist()) for places, epochs in batches]


def draws(num_samples, *, epoch=0, **options):
    order = BatchSampler(num_samples, seed=3, **options)
    order.set_epoch(epoch)
    return [batch.index.tolist() for batch in order]


@few
@given(num_samples=sizes, batch_size=batch_sizes, epoch=st.integers(0, 50))
def test_an_epoch_draws_each_sample_once_but_for_its_partial_batch(num_samples, batch_size, epoch):
    batches = draws(num_samples, batch_size=batch_size, shuffle=True, epoch=epoch)
    drawn = list(chain(*batches))
    assert [len(batch) for batch in batches] == [batch_size] * (num_samples // batch_size)
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(range(num_samples))


@few
@given(num_samples=sizes, batch_size=batch_sizes)
def test_without_shuffling_every_sample_comes_in_order(num_samples, batch_size):
    batches = draws(num_samples, batch_size=batch_size, shuffle=False)
    assert list(chain(*batches)) == list(range(num_samples))
    assert all(len(batch) == batch_size for batch in batches[:-1])


@few
@given(
    num_samples=sizes,
    batch_size=batch_sizes,
    world_size=splits,
    accumulate=splits,
    shuffle=st.booleans(),
    stream=st.booleans(),
)
def test_ranks_and_accumulation_parts_together_make_the_global_batch(
    num_samples, batch_size, world_size, accumulate, shuffle, stream
):
    shared = {"batch_size": batch_size, "shuffle": shuffle, "stream": stream}
    whole = draws(num_samples, **shared)
    if len(whole) > 1 and len(whole[-1]) < min(world_size, batch_size):
        whole[-2:] = [whole[-2] + whole[-1]]  # every process has a sample of every batch
    split = {"world_size": world_size, "accumulate": accumulate}
    ranks = [draws(num_samples, **shared, **split, rank=rank) for rank in range(world_size)]
    for step, batch in enumerate(whole):
        here = slice(step * accumulate, (step + 1) * accumulate)
        parts = [part for rank in ranks for part in rank[here]]
        assert sorted(chain(*parts)) == sorted(batch)
    assert all(len(rank) == len(whole) * accumulate for rank in ranks)


@pytest.mark.parametrize(("world_size", "accumulate"), [(1, 4), (2, 2), (4, 1)])
def test_a_batch_that_can_be_shared_evenly_is(world_size, accumulate):
    options = {"batch_size": 8, "shuffle": True, "world_size": world_size, "accumulate": accumulate}
    parts = [part for rank in range(world_size) for part in draws(24, **options, rank=rank)]
    assert {len(part) for part in parts} == {2}


@few
@given(
    num_samples=sizes,
    batch_size=batch_sizes,
    world_size=splits,
    accumulate=splits,
    shuffle=st.booleans(),
)
def test_the_length_is_the_number_of_draws(
    num_samples, batch_size, world_size, accumulate, shuffle
):
    order = BatchSampler(
        num_samples,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=0,
        world_size=world_size,
        accumulate=accumulate,
    )
    assert len(list(order)) == len(order)


def test_epochs_have_orders_of_their_own():
    orders = [draws(20, batch_size=20, shuffle=True, epoch=epoch)[0] for epoch in range(4)]
    assert len({tuple(order) for order in orders}) == 4


def test_a_stream_is_cut_into_rows_by_hand():
    batches = draws(11, batch_size=3, shuffle=False, stream=True)
    assert batches == [[0, 3, 6], [1, 4, 7], [2, 5, 8], [9, 10]]


@few
@given(num_samples=sizes, batch_size=batch_sizes)
def test_a_stream_draws_every_sample_once_and_what_is_left_over_last(num_samples, batch_size):
    batches = draws(num_samples, batch_size=batch_size, shuffle=False, stream=True)
    assert sorted(chain(*batches)) == list(range(num_samples))
    whole = num_samples - num_samples % batch_size
    assert list(chain(*batches))[whole:] == list(range(whole, num_samples))


@few
@given(num_samples=sizes, batch_size=batch_sizes, epoch=st.integers(0, 9))
def test_training_on_a_stream_leaves_out_the_rest_and_no_epoch_shuffles(
    num_samples, batch_size, epoch
):
    shared = {"batch_size": batch_size, "stream": True}
    whole = draws(num_samples, **shared, shuffle=False)[: num_samples // batch_size]
    assert draws(num_samples, **shared, shuffle=True, epoch=epoch) == whole


@few
@given(
    num_samples=sizes, batch_size=batch_sizes, world_size=splits, accumulate=splits, data=st.data()
)
def test_each_row_of_a_stream_goes_on_on_the_same_rank_and_accumulation_step(
    num_samples, batch_size, world_size, accumulate, data
):
    options = {"batch_size": batch_size, "world_size": world_size, "accumulate": accumulate}
    rank = data.draw(st.integers(0, world_size - 1), label="rank")
    parts = draws(num_samples, **options, shuffle=True, stream=True, rank=rank)
    for part, following in zip(parts, parts[accumulate:], strict=False):
        assert following == [place + 1 for place in part]


def two_epochs(loader):
    """The rest of the loader's epoch, and the next one, as Lightning goes through them."""
    rest = list(loader)
    loader.sampler.set_epoch(loader.sampler.epoch + 1)
    return as_lists(rest + list(loader))


@few
@given(
    num_samples=st.integers(6, 40),
    batch_size=st.integers(1, 6),
    accumulate=st.integers(1, 3),
    shuffle=st.booleans(),
    stream=st.booleans(),
    data=st.data(),
)
def test_a_loader_that_takes_up_a_position_goes_on_with_the_batches_that_were_left(
    num_samples, batch_size, accumulate, shuffle, stream, data
):
    options = {"batch_size": batch_size, "accumulate": accumulate}
    options |= {"shuffle": shuffle, "stream": stream}
    stopped = make_loader(num_samples, **options)
    taken = data.draw(st.integers(0, len(stopped.sampler)), label="taken")
    given_before = as_lists(islice(stopped, taken))
    resumed = make_loader(num_samples, **options)
    resumed.load_state_dict(stopped.state_dict())
    expected = two_epochs(make_loader(num_samples, **options))
    resumed_batches = two_epochs(resumed)
    assert (given_before + resumed_batches)[: len(expected)] == expected


def test_a_position_at_an_epochs_end_is_followed_by_the_next_epochs_first_batch():
    stopped, resumed, whole = make_loader(), make_loader(), make_loader()
    list(stopped)
    resumed.load_state_dict(stopped.state_dict())
    resumed.sampler.set_epoch(1)
    whole.sampler.set_epoch(1)
    assert as_lists(resumed) == as_lists(whole)


def test_a_position_is_taken_up_once():
    loader = make_loader()
    loader.load_state_dict({"epoch": 0, "batch": 3})
    assert [len(list(loader)), len(list(loader))] == [2, 5]


def test_a_position_that_was_taken_up_is_told_again():
    loader = make_loader()
    loader.load_state_dict({"epoch": 2, "batch": 3})
    assert loader.state_dict() == {"epoch": 2, "batch": 3}


def test_the_position_goes_on_from_the_one_that_was_taken_up():
    loader = make_loader()
    loader.load_state_dict({"epoch": 2, "batch": 3})
    next(iter(loader))
    assert loader.state_dict() == {"epoch": 2, "batch": 4}


def test_setting_another_epoch_than_was_taken_up_starts_at_its_first_batch():
    loader = make_loader()
    loader.load_state_dict({"epoch": 2, "batch": 3})
    loader.sampler.set_epoch(3)
    assert len(list(loader)) == 5


def test_setting_the_epoch_that_was_taken_up_keeps_the_position():
    loader = make_loader()
    loader.load_state_dict({"epoch": 2, "batch": 3})
    loader.sampler.set_epoch(2)
    assert len(list(loader)) == 2


def test_the_position_at_the_start_of_a_new_epoch_is_its_first_batch():
    loader = make_loader()
    list(loader)
    loader.sampler.set_epoch(1)
    restored = make_loader()
    restored.load_state_dict(loader.state_dict())
    assert (restored.sampler.epoch, restored.sampler.start) == (1, 0)


def test_an_epoch_that_is_set_after_iter_counts():
    loader = make_loader()
    iterator = iter(loader)
    loader.sampler.set_epoch(5)
    _, epochs = next(iterator)
    assert set(epochs.tolist()) == {5}


def test_workers_change_no_batch():
    assert two_epochs(make_loader(num_workers=2)) == two_epochs(make_loader())


def test_the_position_counts_batches_handed_out_not_those_read_ahead():
    loader = make_loader(num_workers=2)
    iterator = iter(loader)
    next(iterator)
    next(iterator)
    assert loader.state_dict() == {"epoch": 0, "batch": 2}


def test_iterating_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    list(make_loader())
    assert torch.equal(torch.get_rng_state(), state)


class Stuck(Echo):
    """Its worker sleeps, or dies."""

    def __init__(self, length, *, dies):
        super().__init__(length)
        self.dies = dies

    def __getitem__(self, batch):
        if self.dies:
            os._exit(1)
        time.sleep(60)
        return super().__getitem__(batch)


@pytest.mark.slow
@pytest.mark.parametrize("dies", [True, False])
def test_a_worker_that_dies_or_hangs_ends_the_epoch_with_an_error(dies, monkeypatch):
    monkeypatch.setattr(loader, "BATCH_TIMEOUT_SECONDS", 2.0)
    batches = Loader(
        Stuck(8, dies=dies), BatchSampler(8, batch_size=4, shuffle=False, seed=0), num_workers=1
    )
    with pytest.raises(RuntimeError):
        list(batches)
