"""A LightningModule that has its loaders itself is trained on them."""

from pathlib import Path

import pytest

CODE = """
import torch
from pytorch_lightning import LightningModule
from torch.utils.data import DataLoader, TensorDataset

class Sums(LightningModule):
    def __init__(self, has_test: bool = False):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        self.has_test = has_test

    def setup(self, stage):
        x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
        self.data = TensorDataset(x, x.sum(1, keepdim=True))

    def loss(self, batch):
        x, y = batch
        return (self.layer(x) - y).square().mean()

    def training_step(self, batch, index):
        return self.loss(batch)

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))

    def test_step(self, batch, index):
        self.log("test_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)

    def train_dataloader(self):
        return DataLoader(self.data, 16, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.data, 16)

class Tested(Sums):
    def test_dataloader(self):
        return DataLoader(self.data, 64)
"""


@pytest.fixture
def written(user_package):
    """The modules, and a config for each."""
    user_package("own_loaders", CODE)
    folder = Path("conf") / "model"
    folder.mkdir(parents=True)
    for name in ("Sums", "Tested"):
        (folder / f"{name}.yaml").write_text(f"_target_: own_loaders.{name}\n")


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(("name", "is_tested"), [("Sums", False), ("Tested", True)])
def test_a_test_is_made_where_the_module_has_a_loader_for_it(name, is_tested, leyden):
    words = ("--config-dir", "conf", f"model={name}", "data=module", "trainer.max_epochs=2")
    result = leyden("train", *words)
    assert result.status == 0, result.err
    assert ("test_loss" in result.out) is is_tested


@pytest.mark.usefixtures("written")
def test_a_network_has_no_loaders(leyden):
    result = leyden("train", "data=module")
    assert result.status == 2
    assert "ModuleLoaders does not say what a sample is" in result.err
