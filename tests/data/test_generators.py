"""Generators of random numbers are restored exactly, the global ones and those of loaders."""

import random
from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, Subset

from leyden.data.generators import (
    generator_states,
    held_states,
    restore_generators,
    restore_held,
)

NUMPY = [np.random.PCG64, np.random.PCG64DXSM, np.random.Philox, np.random.SFC64, np.random.MT19937]
KINDS = {
    "torch": lambda seed: torch.Generator().manual_seed(seed),
    "Random": random.Random,
    "RandomState": np.random.RandomState,
    **{
        kind.__name__: lambda seed, kind=kind: np.random.Generator(kind(seed % 2**32))
        for kind in NUMPY
    },
}
COUNTS = st.integers(0, 40)
SEEDS = st.integers(0, 2**32 - 1)


class Drawn(Dataset):
    """Samples of its own generator; or of one that its loader holds."""

    def __init__(self, generator=None):
        self.generator = generator

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return torch.tensor(float(index))


def draw(generator):
    """Normal numbers: some generators keep the other of a pair; and a whole number of 32 bits."""
    if isinstance(generator, torch.Generator):
        return torch.randn(3, generator=generator).tolist()
    if isinstance(generator, random.Random):
        return [generator.gauss(0, 1), generator.random()]
    if isinstance(generator, np.random.RandomState):
        return [generator.randn(), int(generator.randint(2**16))]
    return [generator.standard_normal(), int(generator.integers(2**16, dtype=np.uint32))]


def written_and_read(state):
    file = BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=SEEDS, before=COUNTS, after=COUNTS)
def test_a_held_generator_goes_on_where_it_was_after_being_written(kind, seed, before, after):
    loader = DataLoader(Drawn(KINDS[kind](seed)))
    for _ in range(before):
        draw(loader.dataset.generator)
    states = written_and_read(held_states([loader]))
    expected = [draw(loader.dataset.generator) for _ in range(after)]
    another = DataLoader(Drawn(KINDS[kind](0)))
    restore_held([another], states)
    assert [draw(another.dataset.generator) for _ in range(after)] == expected


@given(seed=SEEDS, before=COUNTS)
def test_the_global_generators_go_on_where_they_were_after_being_written(seed, before):
    outside = generator_states()
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)

    def drawn():
        return [random.gauss(0, 1), np.random.randn(), torch.randn(1).item(), random.random()]

    for _ in range(before):
        drawn()
    states = written_and_read(generator_states())
    expected = [drawn() for _ in range(5)]
    restore_generators(states)
    assert [drawn() for _ in range(5)] == expected
    restore_generators(outside)


def test_states_that_earlier_versions_wrote_as_lists_are_restored():
    states = generator_states()
    expected = [random.random(), np.random.rand(), torch.rand(1).item()]
    version, words, gauss = states["python"]
    states["python"] = [version, words.tolist(), gauss]
    states["numpy"]["state"]["key"] = states["numpy"]["state"]["key"].tolist()
    restore_generators(states)
    assert [random.random(), np.random.rand(), torch.rand(1).item()] == expected


@pytest.mark.parametrize("place", ["loader", "sampler", "batch_sampler", "in it", "subset"])
def test_a_generator_is_found_wherever_a_loader_holds_it(place):
    generator, data = torch.Generator().manual_seed(7), Drawn()
    if place == "loader":
        loader = DataLoader(data, generator=generator)
    elif place == "sampler":
        loader = DataLoader(data, sampler=RandomSampler(data, generator=generator))
    elif place == "batch_sampler":
        batches = BatchSampler(RandomSampler(data), 2, drop_last=False)
        batches.generator = generator
        loader = DataLoader(data, batch_sampler=batches)
    elif place == "in it":
        sampler = RandomSampler(data, generator=generator)
        loader = DataLoader(data, batch_sampler=BatchSampler(sampler, 2, drop_last=False))
    else:
        loader = DataLoader(Subset(Drawn(generator), [0, 1]))
    states = held_states([loader])
    assert len(states["generators"]) == 1
    expected = draw(generator)
    restore_held([loader], states)
    assert draw(generator) == expected


def test_a_generator_that_two_loaders_share_is_kept_once():
    generator = torch.Generator()
    loaders = [DataLoader(Drawn(), shuffle=True, generator=generator) for _ in range(2)]
    assert len(held_states(loaders)["generators"]) == 1


def test_the_generators_of_each_loader_are_restored_in_their_order():
    loaders = [DataLoader(Drawn(np.random.default_rng(seed))) for seed in (1, 2)]
    states = held_states(loaders)
    expected = [draw(one.dataset.generator) for one in loaders]
    restore_held(loaders, states)
    assert [draw(one.dataset.generator) for one in loaders] == expected
    assert expected[0] != expected[1]


def test_a_kept_state_does_not_change_when_its_generator_goes_on():
    for make in KINDS.values():
        loader = DataLoader(Drawn(make(3)))
        states = held_states([loader])
        expected = draw(loader.dataset.generator)
        for _ in range(700):  # more than a Mersenne twister has words
            draw(loader.dataset.generator)
        restore_held([loader], states)
        assert draw(loader.dataset.generator) == expected


def test_loaders_with_other_generators_than_the_kept_ones_are_an_error():
    with pytest.raises(ValueError, match="longer"):
        restore_held([DataLoader(Drawn())], held_states([DataLoader(Drawn(torch.Generator()))]))


class Jitter:
    """A transform with a generator of its own, as many augmentations have."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, value):
        return value + self.rng.standard_normal()


class Transformed(Drawn):
    def __init__(self):
        self.transform = Jitter()


def test_the_generator_of_a_transform_that_a_data_set_holds_is_kept():
    assert len(held_states([DataLoader(Transformed())])["generators"]) == 1


def test_the_generator_of_a_data_set_within_two_subsets_is_kept():
    inner = Subset(Drawn(np.random.default_rng(0)), [0, 1, 2])
    assert len(held_states([DataLoader(Subset(inner, [0, 1]))])["generators"]) == 1


def test_the_generators_of_data_sets_that_are_joined_are_kept():
    joined = Drawn(np.random.default_rng(0)) + Drawn(np.random.default_rng(1))
    assert len(held_states([DataLoader(joined)])["generators"]) == 2
