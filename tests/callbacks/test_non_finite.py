"""Half precision's scaler leaves out steps by itself, to find its scale."""

import pytest
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.plugins import MixedPrecision
from torch import nn
from torch.utils.data import DataLoader

from leyden.callbacks import NonFinite
from leyden.compat.lightning_slurm import ignore_slurm
from leyden.errors import Diverged
from leyden.run.record import Record
from leyden.training.epoch_loop import EpochLoop


class Line(LightningModule):
    """Its gradient is infinite at some steps."""

    def __init__(self, bad):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.bad = bad

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)

    def training_step(self, batch, index):
        return self.layer(batch).mean()

    def on_after_backward(self):
        if self.trainer.global_step in self.bad:
            self.layer.weight.grad.fill_(torch.inf)


@pytest.fixture
def fit(tmp_path):
    def run(bad, limit=3):
        record = Record(tmp_path, None, [], {}, "", 0, [], {}, {}, is_writer=False)
        task = Line(bad)
        trainer = Trainer(
            max_steps=10,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            plugins=[
                MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu")),
                LightningEnvironment(),
            ],
            callbacks=[NonFinite(record, policy="raise", limit=limit)],
            default_root_dir=tmp_path,
        )
        ignore_slurm(trainer)
        trainer.fit_loop.epoch_loop = EpochLoop(trainer, max_steps=10)
        trainer.fit(task, DataLoader(torch.ones(10, 1)))
        return task, trainer, record

    return run


def test_a_step_that_the_scaler_leaves_out_does_not_end_the_run(fit):
    task, trainer, record = fit({2, 3, 6})
    assert trainer.global_step == 10
    assert record.passed_over == []
    assert task.layer.weight.isfinite().all()


def test_a_scaler_that_finds_no_scale_ends_the_run(fit):
    with pytest.raises(Diverged, match="at step 6"):
        fit({2, 3, 4, 5, 6, 7})
