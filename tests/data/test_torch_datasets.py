"""Datasets and loaders of torch become a LightningDataModule, and nothing else does."""

import warnings
from collections import namedtuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning import LightningModule, Trainer
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from leyden.data import TorchDatasets
from leyden.data.errors import DataError
from leyden.data.torch_datasets import as_data_module


def numbers(count=10, start=0):
    return TensorDataset(torch.arange(start, start + count).float().view(-1, 1))


def samples(loader):
    return [value for (batch,) in loader for value in batch.flatten().tolist()]


class Stream(IterableDataset):
    def __iter__(self):
        return ((torch.tensor([float(value)]),) for value in range(7))


TRAIN, VAL, TEST = numbers(10), numbers(4, 10), numbers(3, 20)
Parts = namedtuple("Parts", "train val test")
FORMS = {
    "a data set": (TRAIN, 1),
    "a list of one": ([TRAIN], 1),
    "two": ((TRAIN, VAL), 2),
    "three": ([TRAIN, VAL, TEST], 3),
    "a named tuple": (Parts(TRAIN, VAL, TEST), 3),
    "a mapping of train": ({"train": TRAIN}, 1),
    "a mapping": ({"test": TEST, "train": TRAIN, "val": VAL}, 3),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_its_parts_in_their_places(form):
    made, count = FORMS[form]
    data = as_data_module(made, {"batch_size": 4})
    assert sorted(samples(data.train_dataloader())) == samples(DataLoader(TRAIN))
    val, test = data.val_dataloader(), data.test_dataloader()
    assert val == [] if count < 2 else samples(val) == [10.0, 11.0, 12.0, 13.0]
    assert test == [] if count < 3 else samples(test) == [20.0, 21.0, 22.0]


def test_a_part_that_is_left_out_is_none():
    data = as_data_module((TRAIN, None, TEST), {})
    assert data.val_dataloader() == []
    assert samples(data.test_dataloader()) == [20.0, 21.0, 22.0]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (None, "its train part is nothing"),
        ({"val": VAL}, "its train part is nothing"),
        ((None, VAL), "its train part is nothing"),
        ({"train": TRAIN, "validation": VAL}, "a mapping of train, validation"),
        ({0: TRAIN}, "a mapping of 0"),
        ("train", "its train part is an object of the class str"),
        ((TRAIN, 3), "its val part is an object of the class int"),
        ((TRAIN, [VAL, "b"]), "its val part is an object of the class str"),
        (
            {"train": TRAIN, "test": {"a": object()}},
            "its test part is an object of the class object",
        ),
        (torch.ones(3), "its train part is an object of the class Tensor"),
    ],
)
def test_everything_else_is_refused_and_named(made, said):
    with pytest.raises(DataError, match=said):
        as_data_module(made, {})


def test_more_than_three_parts_are_refused():
    with pytest.raises(DataError):
        as_data_module((TRAIN, VAL, TEST, TEST), {})


@pytest.mark.parametrize("made", [[], (), {"train": []}])
def test_no_part_at_all_is_refused(made):
    with pytest.raises(DataError):
        as_data_module(made, {})


def test_a_part_may_be_several_and_nested():
    data = as_data_module((TRAIN, {"a": VAL, "b": [VAL, DataLoader(VAL)]}), {})
    loaders = data.val_dataloader()
    for loader in (loaders["a"], *loaders["b"]):
        assert samples(loader) == [10.0, 11.0, 12.0, 13.0]


@given(count=st.integers(1, 30), size=st.integers(1, 8), drop=st.booleans())
def test_an_epoch_has_each_training_sample_once_but_those_that_are_left_out(count, size, drop):
    data = TorchDatasets(numbers(count), batch_size=size, drop_last=drop)
    found = samples(data.train_dataloader())
    assert len(found) == len(set(found)) == (count // size * size if drop else count)


def test_training_samples_are_in_another_order_in_each_epoch():
    loader = TorchDatasets(numbers(50)).train_dataloader()
    assert samples(loader) != samples(loader)


def test_validation_and_test_samples_stay_in_their_order_and_none_is_left_out():
    data = TorchDatasets(TRAIN, numbers(10), numbers(10), batch_size=4, drop_last=True)
    for loader in (data.val_dataloader(), data.test_dataloader()):
        assert samples(loader) == list(range(10))


def test_an_iterable_data_set_has_its_own_order_and_all_its_samples():
    loader = TorchDatasets(Stream(), batch_size=3, drop_last=True).train_dataloader()
    assert samples(loader) == list(range(7))


def test_a_loader_is_given_as_it_is():
    loader = DataLoader(TRAIN, batch_size=7)
    assert TorchDatasets(loader, batch_size=2).train_dataloader() is loader


def test_evaluations_have_a_batch_size_of_their_own():
    data = TorchDatasets(TRAIN, VAL, TEST, batch_size=2, eval_batch_size=3)
    loaders = (data.train_dataloader(), data.val_dataloader(), data.test_dataloader())
    assert [loader.batch_size for loader in loaders] == [2, 3, 3]
    assert TorchDatasets(TRAIN, VAL, batch_size=5).val_dataloader().batch_size == 5


def test_several_validation_parts_are_loaders_in_their_order():
    first, second = TorchDatasets(TRAIN, [VAL, TEST]).val_dataloader()
    assert (samples(first), samples(second)) == ([10, 11, 12, 13], [20, 21, 22])


def test_training_parts_by_name_are_loaders_by_name():
    loaders = TorchDatasets({"labelled": TRAIN, "unlabelled": VAL}).train_dataloader()
    assert {name: len(samples(loader)) for name, loader in loaders.items()} == {
        "labelled": 10,
        "unlabelled": 4,
    }


def test_processes_stay_only_where_there_are_some():
    assert not TorchDatasets(TRAIN, persistent_workers=True).train_dataloader().persistent_workers
    loader = TorchDatasets(TRAIN, persistent_workers=True, num_workers=1).train_dataloader()
    assert loader.persistent_workers


def test_batches_are_made_by_the_function_that_is_given():
    data = TorchDatasets(TRAIN, VAL, batch_size=4, collate_fn=len)
    assert list(data.train_dataloader()) == [4, 4, 2]
    assert list(data.val_dataloader()) == [4]


class Sums(LightningModule):
    """Adds up what it sees, by part."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen = {"train": 0.0, "val": [0.0, 0.0], "test": 0.0}

    def training_step(self, batch, index):
        self.seen["train"] += batch[0].sum().item()
        return self.layer(batch[0]).mean()

    def validation_step(self, batch, index, dataloader_idx=0):
        self.seen["val"][dataloader_idx] += batch[0].sum().item()

    def test_step(self, batch, index):
        self.seen["test"] += batch[0].sum().item()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_a_trainer_gets_every_sample_of_every_part():
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module, data = Sums(), TorchDatasets(TRAIN, [VAL, TEST], TEST, batch_size=3)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        trainer.fit(module, datamodule=data)
        trainer.test(module, datamodule=data, verbose=False)
    assert module.seen == {"train": 45.0, "val": [46.0, 63.0], "test": 63.0}
