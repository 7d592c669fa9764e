"""Weights are read from checkpoints of runs, of Lightning's, and from files of weights alone."""

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from leyden.errors import CheckpointError
from leyden.run.checkpoints import find_checkpoint, load_weights, prefix_of, read_weights


class Module(LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 1)
        self.head = nn.Linear(1, 1)

    def training_step(self, batch, index):
        return self.head(self.net(batch)).mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class HasNet(nn.Module):
    """A network whose layers are its attribute `net`."""

    def __init__(self):
        super().__init__()
        self.net = nn.Linear(2, 1)


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_names_of_a_network_have_a_prefix_and_those_of_a_module_none():
    assert prefix_of(nn.Linear(1, 1)) == "net."
    assert prefix_of(Module()) == ""


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".pth"])
def test_a_file_of_weights_alone_is_taken(tmp_path, suffix):
    net, file = nn.Linear(2, 1), tmp_path / f"weights{suffix}"
    torch.save(net.state_dict(), file)
    assert find_checkpoint(file) == file
    assert equal(read_weights(file), net.state_dict())


def test_a_file_of_another_kind_is_not(tmp_path):
    file = tmp_path / "weights.txt"
    file.write_text("")
    assert find_checkpoint(file) is None


def test_of_a_checkpoint_of_a_task_the_network_is_read(tmp_path):
    net = nn.Linear(2, 1)
    state = {f"net.{name}": value for name, value in net.state_dict().items()}
    torch.save({"state_dict": {**state, "scale": torch.ones(1)}}, tmp_path / "a.ckpt")
    assert equal(read_weights(tmp_path / "a.ckpt"), net.state_dict())


def test_of_a_checkpoint_of_a_module_all_weights_are_read_as_they_are(tmp_path):
    module = Module()
    torch.save({"state_dict": module.state_dict()}, tmp_path / "a.ckpt")
    found = read_weights(tmp_path / "a.ckpt", prefix_of(module))
    assert equal(found, module.state_dict())


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*")
def test_a_checkpoint_that_lightning_wrote_is_read(tmp_path):
    module = Module()
    trainer = Trainer(
        accelerator="cpu",
        max_steps=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader(torch.ones(1, 2)))
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    other = Module()
    load_weights(other, tmp_path / "a.ckpt")
    assert equal(other.state_dict(), module.state_dict())


@pytest.mark.parametrize("make", [lambda: nn.Linear(2, 1), Module], ids=["network", "module"])
def test_weights_alone_are_loaded(tmp_path, make):
    one, other = make(), make()
    torch.save(one.state_dict(), tmp_path / "a.pth")
    load_weights(other, tmp_path / "a.pth")
    assert equal(other.state_dict(), one.state_dict())


def test_a_file_that_would_run_code_is_refused(tmp_path):
    torch.save({"net.weight": torch.ones(1), "hook": print}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="more than tensors and plain values"):
        read_weights(tmp_path / "a.pth")


def test_a_network_within_a_task_keeps_the_names_of_its_own_attribute_net(tmp_path):
    net = HasNet()
    state = {f"net.{name}": value for name, value in net.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "a.ckpt")
    assert equal(read_weights(tmp_path / "a.ckpt"), net.state_dict())


def test_weights_alone_of_a_network_with_an_attribute_net_are_loaded(tmp_path):
    one, other = HasNet(), HasNet()
    torch.save(one.state_dict(), tmp_path / "a.pth")
    load_weights(other, tmp_path / "a.pth")
    assert equal(other.state_dict(), one.state_dict())
