"""Runs that were trained in a stack are those that were trained alone."""

import csv
import math

import pytest
import torch

from leyden.run.checkpoints import find_checkpoint, read_weights
from leyden.run.record import Record

COMMON = (
    *("trainer.max_steps=25", "trainer.max_epochs=null", "trainer.log_every_n_steps=1"),
    *("trainer.accelerator=cpu", "resume.keep=0", "sweep.report=false"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
)
TEXT = ("data=stdlib_text", "data.max_bytes=20000", "data.context=16", "data.batch_size=8")
FAMILIES = {
    "mlp": ("model=mlp", "model.width=16"),
    "cnn": ("model=cnn", "model.width=4"),
    "gpt": ("model=gpt", *TEXT, "model.width=16", "model.depth=2", "model.head_dim=8"),
}


@pytest.fixture
def sweep(leyden):
    """The jobs' folders of a sweep, by what is particular to each."""

    def run(launcher, *words):
        result = leyden(
            *("train", "-m", f"hydra/launcher={launcher}", f"name={launcher}", *COMMON, *words)
        )
        assert result.status == 0, result.err
        records = [Record.read(path.parent) for path in result.folder.glob("*/run.json")]
        return {tuple(record.overrides): record for record in records}

    return run


def logged_losses(record):
    with (record.folder / "metrics.csv").open() as file:
        return [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]


def assert_same_runs(stacked, alone):
    for words, record in stacked.items():
        (other,) = (r for w, r in alone.items() if set(w) - set(words) <= {"name=local"})
        assert logged_losses(record) == pytest.approx(logged_losses(other), rel=1e-5, abs=1e-5)
        pairs = zip(*map(weights, (record, other)), strict=True)
        assert all(torch.allclose(one, two, rtol=1e-5, atol=1e-5) for one, two in pairs)
        assert record.metrics["test/loss"] == pytest.approx(other.metrics["test/loss"], abs=1e-5)
        assert record.steps == other.steps == 25


def weights(record):
    return read_weights(find_checkpoint(record.folder)).values()


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_networks_of_a_stack_are_those_that_train_alone(sweep, family):
    words = (*FAMILIES[family], "optimizer=sgd,adamw,muon", "seed=0,1")
    assert_same_runs(sweep("stacked", *words), sweep("local", *words))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("optimizer.layer_decay=0.5,0.9", "optimizer.lr_multipliers={head: 2}"),
        ("freeze=[hidden.1]", "seed=0,1"),  # not stacked
    ],
    ids=["rates", "frozen"],
)
def test_each_has_its_own_rates_and_frozen_parameters(sweep, words):
    words = (*FAMILIES["mlp"], "model.norm=batch", "optimizer=sgd", *words)
    assert_same_runs(sweep("stacked", *words), sweep("local", *words))


@pytest.mark.slow
def test_each_has_its_own_running_statistics(sweep):
    # Not Adam: the bias before a batch norm has no gradient but noise, which Adam makes large.
    words = (*FAMILIES["mlp"], "model.norm=batch", "optimizer=sgd", "seed=0,1,2")
    assert_same_runs(sweep("stacked", *words), sweep("local", *words))


@pytest.mark.slow
def test_each_has_its_own_dropout_and_label_smoothing(sweep):
    words = (
        *FAMILIES["mlp"],
        "optimizer=adamw",
        "seed=3",
        "model.dropout=0.1,0.2,0.5",
        "task.label_smoothing=0.05,0.1",
    )
    assert_same_runs(sweep("stacked", *words), sweep("local", *words))


@pytest.mark.slow
@pytest.mark.parametrize("smoothing", ["0.1", "0.05,0.1"])
def test_each_mixes_its_own_images(sweep, smoothing):
    mixed = ("task.mixup=0.3", f"task.label_smoothing={smoothing}")
    words = (*FAMILIES["cnn"], "optimizer=sgd,adamw", "seed=0,1", *mixed)
    assert_same_runs(sweep("stacked", *words), sweep("local", *words))


@pytest.mark.slow
def test_one_that_diverges_does_not_harm_the_others(leyden):
    words = ("optimizer=sgd", "optimizer.lr=0.1,1e30", "trainer.gradient_clip_val=null")
    result = leyden("train", "-m", "hydra/launcher=stacked", *COMMON, *FAMILIES["mlp"], *words)
    states = {}
    for path in result.folder.glob("*/run.json"):
        record = Record.read(path.parent)
        states[record.overrides[-1]] = record.status
        if record.status == "completed":
            assert math.isfinite(record.metrics["test/loss"])
    assert result.status == 3
    assert sorted(states.values()) == ["completed", "diverged"]
