"""Checkpoints of any module can be read without pickle's code."""

from collections import OrderedDict, namedtuple
from enum import Enum
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from pytorch_lightning import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from leyden.callbacks.saving import detached_copy, is_plain, make_loadable, plain_value
from leyden.compat.lightning import full_checkpoint

Point = namedtuple("Point", "x y")
Colour = Enum("Colour", "RED BLUE")
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def written_and_read(value):
    file = BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def loadable(**hyperparameters):
    checkpoint = {"hyper_parameters": hyperparameters, "state_dict": {}}
    make_loadable(checkpoint)
    return written_and_read(checkpoint)["hyper_parameters"]


@given(value=plain)
def test_a_plain_value_is_kept_as_it_is(value):
    assert is_plain(value)
    found = loadable(value=value)["value"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        nn.Linear(1, 1),
        nn.Parameter(torch.ones(1)),
        [1, nn.Linear(1, 1)],
        {"a": {"b": object()}},
        OmegaConf.create({"net": nn.Linear(1, 1)}, flags={"allow_objects": True}),
        Path("a"),
        np.float64(1),
        {1, 2},
        torch.float32,
        Colour.RED,
        len,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_is_left_out_and_the_rest_stays(value):
    assert not is_plain(value)
    assert loadable(value=value, lr=0.1) == {"lr": 0.1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OmegaConf.create([1, [2]]), [1, [2]]),
        ({"a": OmegaConf.create({"b": 1})}, {"a": {"b": 1}}),
        ([OmegaConf.create([1])], [[1]]),
        (OrderedDict(a=(1, 2)), {"a": (1, 2)}),
    ],
)
def test_containers_become_plain_ones(value, expected):
    found = plain_value(value)
    assert found == expected
    assert type(found) is type(expected)
    assert loadable(value=value) == {"value": expected}


def test_interpolations_are_resolved():
    assert plain_value(OmegaConf.create({"a": 1, "b": "${a}"})) == {"a": 1, "b": 1}


def test_hyperparameters_of_the_data_are_made_loadable_too():
    checkpoint = {"datamodule_hyper_parameters": {"net": nn.Linear(1, 1), "size": 3}}
    make_loadable(checkpoint)
    assert checkpoint == {"datamodule_hyper_parameters": {"size": 3}}


def test_a_tensor_among_the_hyperparameters_is_kept():
    assert torch.equal(loadable(weights=torch.ones(2))["weights"], torch.ones(2))


def test_a_named_tuple_is_kept_or_left_out():
    assert loadable(value=Point(1, 2), lr=0.1) in ({"lr": 0.1}, {"value": (1, 2), "lr": 0.1})


@pytest.mark.parametrize("key", [Colour.RED, nn.ReLU, Path("a")], ids=str)
def test_a_mapping_whose_keys_are_not_plain_is_left_out(key):
    assert loadable(value={key: 1}, lr=0.1) == {"lr": 0.1}


def test_the_shape_of_a_tensor_is_kept_or_left_out():
    assert loadable(value=torch.ones(2, 3).shape).get("value", (2, 3)) == (2, 3)


def test_a_config_with_a_missing_value_is_kept_or_left_out():
    found = loadable(value=OmegaConf.create({"a": "???"}), lr=0.1)
    assert found in ({"lr": 0.1}, {"value": {"a": "???"}, "lr": 0.1})


class Configured(LightningModule):
    """Keeps its whole config, as many projects on Hydra do."""

    def __init__(self, cfg):
        super().__init__()
        self.save_hyperparameters(cfg)
        self.layer = nn.Linear(1, 1)

    def training_step(self, batch, index):
        return self.layer(batch).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)


def checkpoint_of_run(module):
    trainer = Trainer(
        accelerator="cpu",
        max_steps=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(torch.ones(1, 1)))
    checkpoint = full_checkpoint(trainer)
    make_loadable(checkpoint)
    return written_and_read(checkpoint)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:Attribute 'net' is an")
def test_a_checkpoint_of_a_module_that_keeps_a_mapping_can_be_read():
    found = checkpoint_of_run(Configured({"lr": 0.1, "net": nn.Linear(1, 1)}))
    assert found["hyper_parameters"] == {"lr": 0.1}


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_a_checkpoint_of_a_module_that_keeps_omegaconfs_container_can_be_read():
    found = checkpoint_of_run(Configured(OmegaConf.create({"lr": 0.1})))
    assert found["hyper_parameters"] == {"lr": 0.1}


def test_a_copy_does_not_change_with_its_original():
    state = {"a": [torch.zeros(2)], "b": (torch.zeros(1), 3)}
    copy = detached_copy(state)
    state["a"][0] += 1
    state["b"][0].add_(1)
    assert not copy["a"][0].any()
    assert (copy["b"][0].item(), copy["b"][1]) == (0.0, 3)
