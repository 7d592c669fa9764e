"""Every model with every kind of data: what fits trains, keeps, and is evaluated; the rest is told
what would fit."""

import json
from itertools import product

import pytest

from leyden.config.location import CONF

FAMILIES = {
    "mlp": ("model.width=8",),
    "cnn": ("model.width=4",),
    "resnet": ("model.width=2",),
    "vgg": ("model.width=2",),
    "rnn": ("model.width=8",),
    "gpt": ("model.width=8", "model.depth=1"),
    "torchvision": ("model.name=shufflenet_v2_x0_5",),
    "timm": ("model.name=test_resnet",),
}
KINDS = {
    "image": ("data=digits",),
    "table": ("data=blobs",),
    "series": ("data=sunspots", "data.horizon=2"),
    "text": (
        "data=stdlib_text",
        "data.context=16",
        "data.max_bytes=60000",
        "callbacks.samples=null",
    ),
}
FITTING = {
    ("mlp", "image"),
    ("mlp", "table"),
    ("mlp", "series"),
    ("mlp", "text"),
    ("cnn", "image"),
    ("cnn", "series"),
    ("resnet", "image"),
    ("resnet", "series"),
    ("vgg", "image"),
    ("rnn", "image"),
    ("rnn", "series"),
    ("rnn", "text"),
    ("gpt", "text"),
    ("torchvision", "image"),
    ("timm", "image"),
}
OPTIMIZERS = sorted(path.stem for path in (CONF / "optimizer").glob("*.yaml"))
SCHEDULES = sorted(path.stem for path in (CONF / "scheduler").glob("*.yaml"))
TINY = (
    *("data.batch_size=8", "trainer.max_steps=2", "trainer.limit_val_batches=2"),
    *("trainer.limit_test_batches=2", "callbacks.graph=null", "callbacks.predictions=null"),
)


def short(family, kind, *more):
    return ("train", f"model={family}", *FAMILIES[family], *KINDS[kind], *TINY, *more)


@pytest.mark.parametrize(("family", "kind"), sorted(FITTING))
def test_a_model_trains_on_data_that_it_reads(family, kind, leyden):
    """By Muon, the optimizer that depends most on a model's layers; for others see below."""
    result = leyden(*short(family, kind, "optimizer=muon"))
    record = json.loads((result.folder / "run.json").read_text())
    evaluated = json.loads(leyden("eval", str(result.folder), "--json").out)
    assert (record["status"], record["steps"]) == ("completed", 2)
    assert evaluated == {name: record["metrics"][name] for name in evaluated}
    assert "test/loss" in evaluated


@pytest.mark.parametrize(("family", "kind"), sorted(set(product(FAMILIES, KINDS)) - FITTING))
def test_a_model_that_can_not_read_the_data_names_those_that_can(family, kind, leyden):
    result = leyden(*short(family, kind))
    can = sorted(f"`model={name}`" for name, read in FITTING if read == kind)
    assert result.status == 2
    assert f"type {' or '.join(can)}" in result.err


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("family", ["cnn", "rnn"])
def test_every_optimizer_trains_convolutions_and_recurrent_layers(family, optimizer, leyden):
    assert leyden(*short(family, "image", f"optimizer={optimizer}")).status == 0


@pytest.mark.parametrize("scheduler", SCHEDULES)
def test_every_schedule_ends_a_run(scheduler, leyden):
    assert leyden(*short("mlp", "image", f"scheduler={scheduler}")).status == 0
