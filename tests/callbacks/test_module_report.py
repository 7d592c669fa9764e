"""What becomes known of a module and its loaders is said once, and as it is."""

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torch.utils.data import DataLoader, TensorDataset

from leyden.callbacks import ModuleReport
from leyden.callbacks.module_report import least_exact
from leyden.data import TorchDatasets
from leyden.run.record import Record

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers.*",
    "ignore:Total length of `list` across ranks is zero.*",
    "ignore:You passed in a `val_dataloader` but have no `validation_step`.*",
)
DATA = TensorDataset(torch.ones(2, 1))


class Line(LightningModule):
    def __init__(self, optimizers=None):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.make = optimizers or (lambda net: torch.optim.SGD(net.parameters(), lr=0.1))
        self.automatic_optimization = optimizers is not two

    def training_step(self, batch, index):
        loss = self.layer(batch[0] if isinstance(batch, list) else batch["a"][0]).mean()
        self.log("loss", loss)
        return loss

    def configure_optimizers(self):
        return self.make(self)


def two(net):
    groups = [{"params": [net.layer.weight], "lr": 0.5}, {"params": [net.layer.bias]}]
    return [torch.optim.SGD(groups, lr=0.1), torch.optim.Adam(net.parameters(), lr=0.01)], []


def stepped(net):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    schedule = {"scheduler": StepLR(optimizer, 1), "interval": "step", "frequency": 3}
    return [optimizer], [schedule]


def by_plateau(net):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    return {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": ReduceLROnPlateau(optimizer), "monitor": "loss"},
    }


def told(tmp_path, module, data):
    record = Record(tmp_path, None, [], {}, "", 0, [], {}, {"per_step": None})
    report, said = ModuleReport(record), []
    report.observer = said.append
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        callbacks=[report],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, datamodule=data)
    return record, [one.text for one in said], trainer


@pytest.mark.parametrize(
    ("optimizers", "words"),
    [
        (None, "SGD lr 0.1"),
        (two, "SGD lr 0.5 0.1; Adam lr 0.01"),
        (stepped, "SGD lr 0.1, StepLR each 3 steps"),
        (by_plateau, "SGD lr 0.1, ReduceLROnPlateau each epoch by loss"),
    ],
)
def test_optimizers_and_schedules_are_told_in_a_line(tmp_path, optimizers, words):
    _, said, _ = told(tmp_path, Line(optimizers), TorchDatasets(DATA))
    assert f"  optim   {words}" in said


def test_how_exactly_it_resumes_is_told_and_recorded(tmp_path):
    record, said, _ = told(tmp_path, Line(), TorchDatasets(DATA))
    assert record.resume == {"exactness": "replayed", "reason": ""}
    assert "  resume  is exact: the loaders draw the batches of the epoch again" in said


def test_of_several_loaders_the_least_exact_one_counts(tmp_path):
    persistent = DataLoader(DATA, num_workers=1, persistent_workers=True)
    data = TorchDatasets({"a": DataLoader(DATA), "b": persistent})
    record, _, trainer = told(tmp_path, Line(), data)
    assert record.resume["exactness"] == "inexact"
    assert least_exact(trainer).reason == record.resume["reason"] != ""


def test_validation_data_without_a_step_for_it_is_told(tmp_path):
    _, said, _ = told(tmp_path, Line(), TorchDatasets(DATA, DATA))
    assert any("no validation_step: nothing is validated" in text for text in said)


def test_a_missing_step_is_not_told_where_there_is_no_validation_data(tmp_path):
    _, said, _ = told(tmp_path, Line(), TorchDatasets(DATA))
    assert not any("validation_step" in text for text in said)
