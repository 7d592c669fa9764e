"""A run that was interrupted and gone on with ends with the weights of one that was not."""

import os
import signal

import pytest
import torch

from leyden.callbacks import SignalStop
from leyden.config.compose import compose_plan
from leyden.config.fit import fit_to_data
from leyden.config.request import Request
from leyden.runs.checkpoints import read_weights
from leyden.runs.record import Interrupted, Record
from leyden.train import execute, prepare

FAMILIES = {
    "mlp": ("model.width=16", "model.dropout=0.2", "data.translate=1"),
    "cnn": ("model=cnn", "model.width=4", "model.norm=batch"),
    "rnn": ("model=rnn", "model.width=8", "model.depth=2", "model.dropout=0.2"),
    "gpt": (
        "model=gpt",
        "data=stdlib_text",
        "model.width=16",
        "model.depth=1",
        "model.dropout=0.1",
        "data.context=16",
        "data.batch_size=8",
        "model.head_dim=8",
        "data.max_bytes=60000",
    ),
}
SHORT = ("data.batch_size=200", "trainer.max_epochs=3")  # seven steps an epoch
TEXT_LENGTH = ("trainer.max_epochs=null", "trainer.max_steps=21", "trainer.val_check_interval=7")
QUIET = (
    "trainer.log_every_n_steps=1",
    "callbacks.graph=null",
    "callbacks.predictions=null",
    "callbacks.samples=null",
)


def run_to_the_end(job, folder, stop_at=None):
    record = prepare(job, fit_to_data(job.cfg), command=[], folder=folder)
    if stop_at is not None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SignalStop, "on_train_batch_end", signal_at(stop_at))
            with pytest.raises(Interrupted):
                execute(record)
        record = Record.read(folder)
    execute(record)
    return read_weights(folder / "checkpoints" / "last.ckpt"), record


def signal_at(step):
    original = SignalStop.on_train_batch_end

    def on_train_batch_end(self, trainer, *arguments):
        if trainer.global_step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        original(self, trainer, *arguments)

    return on_train_batch_end


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [9, 7], ids=["in an epoch", "at an epoch's end"])
@pytest.mark.parametrize("family", FAMILIES)
def test_an_interrupted_run_ends_with_the_same_weights(family, stop_at, tmp_path):
    length = TEXT_LENGTH if family == "gpt" else SHORT
    (job,) = compose_plan(Request((*FAMILIES[family], *length, *QUIET))).jobs
    whole, record = run_to_the_end(job, tmp_path / "whole")
    resumed, again = run_to_the_end(job, tmp_path / "resumed", stop_at)
    assert [name for name in whole if not torch.equal(whole[name], resumed[name])] == []
    assert again.steps == record.steps == 21
    assert again.monitored == record.monitored
    assert again.metrics["test/loss"] == record.metrics["test/loss"]
