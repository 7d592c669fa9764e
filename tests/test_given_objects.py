"""Objects of Python in the place of config: networks, LightningModules, data sets, callbacks."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from pytorch_lightning import Callback, LightningDataModule, LightningModule
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import leyden
from leyden.data import Digits

FEW = ("trainer.max_steps=5", "trainer.max_epochs=null", "baselines=null", "logger=null")


class Module(LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(6, 3)

    def training_step(self, batch, batch_idx):
        inputs, labels = batch
        return F.cross_entropy(self.net(inputs), labels)

    def validation_step(self, batch, batch_idx):
        self.log("val_loss", self.training_step(batch, batch_idx))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Data(LightningDataModule):
    def train_dataloader(self):
        generator = torch.Generator().manual_seed(0)
        labels = torch.arange(60) % 3
        return DataLoader(TensorDataset(torch.randn(60, 6, generator=generator), labels), 10)

    def val_dataloader(self):
        return self.train_dataloader()


class Steps(Callback):
    seen: list[int] = []  # noqa: RUF012 (copies of the callback share it)

    def on_train_batch_end(self, *arguments):
        self.seen.append(1)


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_a_network_is_copied_and_trained_from_its_weights():
    net = network()
    before = net[1].weight.clone()
    run = leyden.train("data=digits", *FEW, "optimizer=sgd", "optimizer.lr=1e-9", model=net)
    assert torch.equal(net[1].weight, before)
    torch.testing.assert_close(run.model()[1].weight, before, rtol=0, atol=1e-6)
    again = leyden.train("data=digits", *FEW, "optimizer=sgd", "optimizer.lr=1.0", model=net)
    assert not torch.allclose(again.model()[1].weight, before, atol=1e-3)
    assert again.record.given == ["model"]
    assert again.record.choices["model"] == "Sequential"


def test_a_module_and_its_data_train_as_they_are():
    run = leyden.train(*FEW, "monitor.metric=val_loss", model=Module(), data=Data())
    assert run.record.steps == 5
    assert isinstance(run.model(), Module)
    assert run.record.given == ["model", "data"]


def test_one_of_leydens_data_sets_keeps_its_batch():
    run = leyden.train("model=mlp", "trainer.max_epochs=1", *FEW[2:], data=Digits(batch_size=100))
    assert run.record.steps == 14
    same = leyden.train(
        "model=mlp", "data=digits", "data.batch_size=100", "trainer.max_epochs=1", *FEW[2:]
    )
    assert same.record.losses == run.record.losses


def test_callbacks_are_called_beside_those_of_the_config():
    Steps.seen.clear()
    run = leyden.train("data=digits", "model=mlp", *FEW, callbacks=[Steps()])
    assert len(Steps.seen) == run.record.steps == 5
    assert run.record.given == ["callbacks.given_1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": 42}, "must be a torch.nn.Module"),
        ({"model": Data()}, "must be a torch.nn.Module"),
        ({"data": network()}, "must be a pytorch_lightning.LightningDataModule"),
        ({"callbacks": [network()]}, "must be a pytorch_lightning.Callback"),
    ],
    ids=["number", "data as model", "network as data", "network as callback"],
)
def test_what_is_none_of_these_is_refused(given, message, tmp_path):
    with pytest.raises(leyden.ConfigError, match=message):
        leyden.train(*FEW, "run_dir=run", **given)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "word", ["model=cnn", "model.width=3", "model.widht=3", "data.batch_size=8"]
)
def test_an_override_that_an_object_leaves_without_effect_is_refused(word):
    given = {"model": network(), "data": Digits(batch_size=8)}
    with pytest.raises(leyden.ConfigError, match=r"has no effect: `.*` was given as an object"):
        leyden.train(word, *FEW, **given)


def test_several_processes_do_not_have_the_objects():
    with pytest.raises(leyden.ConfigError, match="others do not have them"):
        leyden.train("strategy=ddp", "trainer.devices=2", model=network())


def test_another_process_says_what_is_missing(tmp_path):
    leyden.train("data=digits", *FEW, "run_dir=run", model=network())
    command = [sys.executable, "-m", "leyden", "eval", "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "was an object of Python" in done.stderr


def test_runs_of_config_alone_have_no_objects():
    assert leyden.train("data=digits", "model=mlp", *FEW).record.given == []


def test_a_problem_of_an_object_is_blamed_on_its_argument():
    net = nn.Sequential(nn.Flatten(), nn.Linear(60, 10))  # digits have 64 pixels
    with pytest.raises(leyden.ConfigError) as raised:
        leyden.train("data=digits", *FEW, model=net)
    (problem,) = raised.value.problems
    assert str(problem).startswith("model (argument model=): its forward pass fails")
