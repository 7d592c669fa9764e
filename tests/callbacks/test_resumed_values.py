"""What an epoch logs at its end is the same whether the run was resumed within it or not."""

from functools import cache

import pytest
import torch
from omegaconf import open_dict
from pytorch_lightning import Callback, LightningModule
from torch.utils.data import DataLoader
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import BinaryPrecision, BinaryRecall

from leyden.callbacks import ResumeCheckpoint, ResumeState
from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.data import TorchDatasets
from leyden.run.checkpoints import find_checkpoint
from leyden.training.build import build_trainer

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers.*",
    "ignore:Total length of `list` across ranks is zero.*",
    "ignore:You passed in a `val_dataloader` but have no `validation_step`.*",
    "ignore:You called `self.log.*but have no logger configured.*",
    "ignore:You.re resuming from a checkpoint that ended before the epoch ended.*",
)

VALUES = torch.tensor([3.0, 1.0, 8.0, 2.0, 7.0, 5.0, 4.0])  # batches of two, and one of one
BATCHES = 4


class Logs(LightningModule):
    """Logs in all ways; two epochs of four batches."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.metric = MeanMetric()
        self.scores = MetricCollection([BinaryPrecision(), BinaryRecall()])
        self.count = 0

    def on_train_epoch_start(self):
        self.count = 0

    def training_step(self, batch, index):
        self.count += 1
        for name in ("mean", "sum", "max", "min"):
            self.log(name, batch.mean(), on_step=False, on_epoch=True, reduce_fx=name)
        if index == 0:
            self.log("of the first batch", batch.sum(), on_step=False, on_epoch=True)
        self.log("both", batch.mean(), on_step=True, on_epoch=True)
        self.metric(batch)
        self.log("metric", self.metric, on_step=False, on_epoch=True)
        self.scores.update((batch / 10).flatten(), (batch > 3).int().flatten())
        return self.layer(batch).mean()

    def on_train_epoch_end(self):
        self.log("count", float(self.count))
        self.log_dict(self.scores.compute())
        self.scores.reset()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


class LogsAfterTheBatch(Logs):
    def on_train_batch_end(self, outputs, batch, index):
        self.log("after", batch.mean(), on_step=False, on_epoch=True, reduce_fx="sum")


class Killed(Exception):
    pass


class Reads(Callback):
    """Reads what the last epoch has logged; ends the run before the step that follows another."""

    def __init__(self, stop):
        self.stop, self.values = stop, {}

    def on_train_batch_start(self, trainer, *_):
        if trainer.global_step == self.stop:
            raise Killed

    def on_train_end(self, trainer, *_):
        self.values = {name: value.item() for name, value in trainer.callback_metrics.items()}


@cache
def config():
    (job,) = compose_request(Request(("model=mlp", "trainer.accelerator=cpu"))).jobs
    with open_dict(job.cfg):
        job.cfg.data = {"_target_": "leyden.data.TorchDatasets"}
    job.cfg.trainer.max_epochs, job.cfg.trainer.max_steps = 2, None
    return job.cfg


def last_epoch(folder, kind=Logs, stop=None):
    """What the last epoch of a new process's run has logged; None of one that was killed."""
    cfg = config()
    torch.manual_seed(0)
    data = TorchDatasets(DataLoader(VALUES.view(-1, 1), 2))
    reads = Reads(stop)
    save = ResumeCheckpoint(every_steps=stop, keep=1 if stop else 0)
    callbacks = [ResumeState(), save, reads]
    trainer = build_trainer(cfg, data, folder=folder, callbacks=callbacks, loggers=[])
    kept = find_checkpoint(folder, "last") if folder.exists() else None
    try:
        trainer.fit(kind(), datamodule=data, ckpt_path=kept, weights_only=True if kept else None)
    except Killed:
        return None
    return reads.values


def test_an_epoch_logs_what_it_has_by_hand(tmp_path):
    """Means of the batches are 2, 5, 6 and 4."""
    found = last_epoch(tmp_path / "none")
    expected = {"mean": 30 / 7, "sum": 17.0, "max": 6.0, "min": 2.0, "both_epoch": 30 / 7}
    expected |= {"of the first batch": 4.0, "metric": 30 / 7, "count": 4.0}
    expected |= {"BinaryPrecision": 1.0, "BinaryRecall": 2 / 4}  # of 8, 7, 5, 4 are 8 and 7 found
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("stop", range(1, 2 * BATCHES))
def test_a_resumed_epoch_logs_what_an_undisturbed_one_does(tmp_path, stop):
    assert last_epoch(tmp_path / "run", stop=stop) is None
    assert last_epoch(tmp_path / "run") == last_epoch(tmp_path / "whole")


@pytest.mark.parametrize(
    "stop",
    [BATCHES, BATCHES + 1, BATCHES + 2, 2 * BATCHES - 1],
)
def test_what_is_logged_after_each_batch_is_added_up_over_a_resume(tmp_path, stop):
    kind = LogsAfterTheBatch
    assert last_epoch(tmp_path / "run", kind, stop=stop) is None
    assert last_epoch(tmp_path / "run", kind)["after"] == 17.0
