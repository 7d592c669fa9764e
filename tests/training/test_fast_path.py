"""The short way through a step and Lightning's own give the same run, to the bit."""

import csv

import pytest
import torch

from leyden.run.checkpoints import find_checkpoint, read_weights
from leyden.run.record import Record
from leyden.training import epoch_loop as epoch

COMMON = (
    *("trainer.max_steps=30", "trainer.max_epochs=null", "trainer.accelerator=cpu"),
    *("trainer.check_val_every_n_epoch=null", "trainer.val_check_interval=12"),
    *("callbacks.graph=null", "callbacks.predictions=null", "callbacks.samples=null"),
    "logger.tensorboard=null",
)
TEXT = ("data=stdlib_text", "data.max_bytes=20000", "data.context=16", "data.batch_size=8")
RUNS = {
    "mlp": ("model=mlp", "model.dropout=0.2", "optimizer=adamw"),
    "clipped": ("model=mlp", "optimizer=sgd", "trainer.gradient_clip_val=0.1"),
    "two_points": ("model=mlp", "optimizer=schedule_free_adamw", "scheduler=constant"),
    "mean": ("model=mlp", "callbacks.weight_averaging.decay=0.99"),
    "plateau": ("model=mlp", "scheduler=plateau"),
    "half": ("model=mlp", "trainer.precision=bf16-mixed"),
    "skipped": ("model=mlp", "trainer.on_nonfinite=skip"),
    "gpt": ("model=gpt", *TEXT, "model.width=16", "model.depth=1", "model.head_dim=8"),
    "stream": ("model=rnn", *TEXT, "data.stream=true", "model.width=8"),
    "epochs": ("model=mlp", "trainer.check_val_every_n_epoch=1", "trainer.val_check_interval=null"),
}


def rows(record):
    with (record.folder / "metrics.csv").open() as file:
        return [
            {name: text for name, text in row.items() if name != "throughput"}
            for row in csv.DictReader(file)
        ]


def weights(record):
    return read_weights(find_checkpoint(record.folder))


@pytest.fixture
def record_of(leyden):
    def run(name, *words):
        result = leyden("train", *COMMON, *words, f"run_dir={name}")
        assert result.status == 0, result.err
        return Record.read(result.folder)

    return run


@pytest.mark.parametrize("name", RUNS)
def test_both_ways_give_the_same_run(record_of, monkeypatch, name):
    if name == "skipped":
        monkeypatch.setenv("LEYDEN_FAULT", "nan@step:7")
    short = record_of("short", *RUNS[name])
    monkeypatch.setattr(epoch, "takes_fast_path", lambda trainer: False)
    long = record_of("long", *RUNS[name])
    assert short.losses == long.losses
    assert short.steps == long.steps == 30
    assert short.passed_over == long.passed_over
    ours, theirs = weights(short), weights(long)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert rows(short) == rows(long)


def way_of(record_of, monkeypatch, *words):
    """Whether a run's epochs took the short way."""
    ways, decide = set(), epoch.takes_fast_path
    with monkeypatch.context() as patch:
        patch.setattr(epoch, "takes_fast_path", lambda t: ways.add(decide(t)) or decide(t))
        record_of("_".join(("run", *words)).replace("=", "_"), "model=mlp", *words)
    return ways


def test_most_runs_take_the_short_way(record_of, monkeypatch):
    assert way_of(record_of, monkeypatch) == {True}
    assert way_of(record_of, monkeypatch, "trainer.micro_batch=16") == {False}
    assert way_of(record_of, monkeypatch, "trainer.profiler=simple") == {False}


def test_a_callback_of_the_users_is_called_and_can_log(record_of, user_package):
    user_package(
        "own_counter",
        "from pytorch_lightning import Callback\n"
        "class Counter(Callback):\n"
        "    seen = 0\n"
        "    def on_train_batch_end(self, trainer, task, *_):\n"
        "        self.seen += 1\n"
        "        task.log('seen', float(self.seen))\n",
    )
    record = record_of("own", "model=mlp", "+callbacks.counter._target_=own_counter.Counter")
    logged = {int(row["step"]) + 1: float(row["seen"]) for row in rows(record) if row["seen"]}
    assert logged == {step: float(step) for step in (10, 20, 30)}
