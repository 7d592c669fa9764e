"""How exactly a run on a loader can be resumed follows from the loader."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset, TensorDataset

from leyden.data.batches import BatchSampler
from leyden.data.generators import generator_states
from leyden.data.loader import Loader
from leyden.data.replay import Replay, exactness_of, has_position, holds_network

DATA = TensorDataset(torch.arange(8.0))


class WithPosition(DataLoader):
    """As torchdata's StatefulDataLoader has it."""

    def state_dict(self):
        return {"batch": 0}

    def load_state_dict(self, state):
        pass


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(8))


class ByNetwork(TensorDataset):
    """Samples that a network has scored, as in self-training."""

    def __init__(self, **held):
        super().__init__(torch.arange(8.0))
        vars(self).update(held)


def grade(loader):
    return exactness_of(loader).exactness


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("data", [DATA, Stream()])
def test_a_plain_loader_is_replayed(data, workers):
    assert grade(DataLoader(data, num_workers=workers)) == "replayed"


def test_leydens_own_loader_is_exact():
    order = BatchSampler(8, batch_size=4, shuffle=True, seed=7)
    assert grade(Loader(DATA, order, num_workers=0)) == "exact"


def test_a_loader_with_a_position_is_exact_also_with_persistent_workers():
    loader = WithPosition(DATA, num_workers=1, persistent_workers=True)
    assert has_position(loader)
    assert grade(loader) == "exact"


def test_a_loader_that_only_tells_its_position_has_none():
    assert not has_position(SimpleNamespace(state_dict=dict))


def test_persistent_workers_are_inexact():
    found = exactness_of(DataLoader(DATA, num_workers=1, persistent_workers=True))
    assert (found.exactness, "persistent_workers=True" in found.reason) == ("inexact", True)


@pytest.mark.parametrize("other", [[1, 2], range(3), iter([1])])
def test_an_iterable_that_is_no_loader_is_inexact_and_named(other):
    found = exactness_of(other)
    assert (found.exactness, type(other).__name__ in found.reason) == ("inexact", True)


def test_what_is_exact_or_replayed_has_no_reason():
    assert exactness_of(DataLoader(DATA)).reason == exactness_of(WithPosition(DATA)).reason == ""


def test_a_loader_whose_data_set_holds_a_network_is_inexact():
    found = exactness_of(DataLoader(ByNetwork(scorer=nn.Linear(1, 1))))
    assert (found.exactness, "network" in found.reason) == ("inexact", True)


def test_a_network_is_found_in_the_attributes_of_attributes():
    data = ByNetwork(agent=SimpleNamespace(policy=nn.Linear(1, 1)))
    assert holds_network(data)
    assert holds_network(Subset(data, [0]))


def test_a_data_set_without_a_network_holds_none():
    assert not holds_network(ByNetwork(name="a", values=[1], other=Subset(DATA, [0])))


def test_an_object_that_refers_to_itself_is_looked_through_once_more_and_not_for_ever():
    holder = SimpleNamespace()
    holder.itself = holder
    assert not holds_network(holder)


@pytest.mark.parametrize("held", [[nn.Linear(1, 1)], {"policy": nn.Linear(1, 1)}])
def test_a_network_in_a_list_or_a_mapping_of_a_data_set_is_found(held):
    assert holds_network(ByNetwork(networks=held))


def test_a_network_in_one_of_joined_data_sets_is_found():
    assert holds_network(ConcatDataset([DATA, ByNetwork(scorer=nn.Linear(1, 1))]))


def test_a_loader_whose_batch_sampler_holds_a_network_is_inexact():
    """Hard samples are chosen by the network, so that what is replayed depends on it."""

    class Hardest:
        def __init__(self):
            self.scorer = nn.Linear(1, 1)

        def __iter__(self):
            return iter([[0, 1]])

    assert grade(DataLoader(DATA, batch_sampler=Hardest())) == "inexact"


def test_the_states_of_a_first_epoch_are_kept_once():
    replay = Replay()
    replay.note_start()
    begin = replay.begin
    torch.rand(1)
    replay.note_start()
    assert replay.begin is begin
    assert begin["held"] is None


def test_the_states_of_a_resumed_first_epoch_are_restored_before_its_loaders_are_made():
    before = generator_states()
    expected = torch.rand(3)
    replay = Replay()
    replay.resumed = {"begin": {"generators": before, "held": None}}
    replay.note_start()
    assert torch.equal(torch.rand(3), expected)
    assert not replay.restore_epoch([])


def test_the_states_of_a_later_epoch_are_restored_with_those_of_its_loaders():
    generator = torch.Generator().manual_seed(1)
    loader = DataLoader(DATA, shuffle=True, generator=generator)
    replay = Replay()
    replay.note_epoch([loader])
    expected = (torch.rand(1), torch.rand(1, generator=generator))
    replay.resumed = {"begin": replay.begin}
    assert replay.restore_epoch([loader])
    assert (torch.rand(1), torch.rand(1, generator=generator)) == expected


def test_a_resumption_ends_with_the_states_of_the_checkpoint():
    replay, generator = Replay(), torch.Generator().manual_seed(1)
    loader = DataLoader(DATA, generator=generator)
    replay.note_epoch([loader])
    torch.rand(5), torch.rand(5, generator=generator)
    kept = replay.state_dict([loader], batches=3)
    expected = (torch.rand(1), torch.rand(1, generator=generator))
    replay.resumed = kept
    replay.restore_now([loader])
    assert kept["batches"] == 3
    assert (torch.rand(1), torch.rand(1, generator=generator)) == expected
    assert replay.resumed is None
