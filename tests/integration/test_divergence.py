"""A loss or a gradient that is no number: the run ends, leaves the step out, or goes back."""

import csv
import json
from pathlib import Path

import pytest
import torch

from leyden.run.checkpoints import find_checkpoint, read_weights
from leyden.testing.faults import faulty

SHORT = (
    *("run_dir=run", "model.width=8", "trainer.max_steps=20", "resume.every_steps=5"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "trainer.log_every_n_steps=1",
)


def record():
    return json.loads(Path("run/run.json").read_text())


def weights_are_finite():
    weights = read_weights(find_checkpoint(Path("run"), "last"))
    return all(weight.isfinite().all() for weight in weights.values())


def test_a_gradient_that_is_no_number_ends_the_run_before_its_step(leyden):
    with faulty("nan@step:10"):
        result = leyden("train", *SHORT)
    assert result.status == 4
    assert "a gradient is NaN or infinite at step 10" in result.err
    assert (record()["status"], record()["steps"]) == ("diverged", 9)
    assert find_checkpoint(Path("run"), "last").name == "step-5.ckpt"
    assert weights_are_finite()


def test_a_step_that_is_skipped_is_the_only_one_left_out(leyden):
    with faulty("nan@step:10"):
        result = leyden("train", *SHORT, "trainer.on_nonfinite=skip")
    assert result.status == 0
    assert record()["passed_over"] == [[9, 10]]
    assert weights_are_finite()


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon", "lion", "rmsprop", "soap"])
def test_a_skipped_step_changes_no_weight(optimizer, leyden):
    words = ("resume.every_steps=1", "resume.keep=20", f"optimizer={optimizer}")
    with faulty("nan@step:10"):
        leyden("train", *SHORT, *words, "trainer.on_nonfinite=skip")
    before, after, later = (
        read_weights(Path(f"run/checkpoints/step-{step}.ckpt")) for step in (9, 10, 11)
    )
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not all(torch.equal(after[name], later[name]) for name in after)


def test_skipping_without_an_end_ends_the_run(leyden):
    bad = (f"nan@step:{step}" for step in range(10, 20))
    with faulty(*bad):
        limit = ("trainer.on_nonfinite=skip", "trainer.max_nonfinite=3")
        result = leyden("train", *SHORT, *limit)
    assert result.status == 4
    assert record()["passed_over"] == [[9, 10], [10, 11], [11, 12]]
    assert weights_are_finite()


def test_a_run_goes_back_and_leaves_out_the_steps_that_led_there(leyden):
    with faulty("nan@step:9"):
        result = leyden("train", *SHORT, "trainer.on_nonfinite=rollback", "resume.keep=20")
    assert result.status == 0
    assert "it goes back to step 5" in result.err
    assert (record()["steps"], record()["passed_over"]) == (20, [[5, 9]])
    at_5, at_10 = (read_weights(Path(f"run/checkpoints/step-{step}.ckpt")) for step in (5, 10))
    assert not all(torch.equal(at_5[name], at_10[name]) for name in at_5)


def test_a_run_that_went_back_has_each_step_once(leyden):
    with faulty("nan@step:9"):
        leyden("train", *SHORT, "trainer.on_nonfinite=rollback")
    with Path("run/metrics.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]
    assert steps == list(range(20))


def test_going_back_without_an_end_ends_the_run(leyden):
    rate = ("optimizer=sgd", "optimizer.lr=1e30", "trainer.gradient_clip_val=null")
    limit = ("trainer.on_nonfinite=rollback", "trainer.max_nonfinite=2")
    result = leyden("train", *SHORT, *rate, *limit)
    assert result.status == 4
    assert len(record()["passed_over"]) == 2


@pytest.mark.slow
def test_one_process_whose_gradient_is_no_number_lets_both_go_back(commands):
    words = ("strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu")
    with faulty("nan@step:9"):
        status, _, err = commands.run(*SHORT, *words, "trainer.on_nonfinite=rollback")
    assert status == 0, err
    assert record()["passed_over"] == [[5, 9]]


NAN_WHEN = """
import torch
from torch import nn


class Broken(nn.Module):
    \"\"\"Gives no number for one sample of a validation or test.\"\"\"

    def __init__(self, *, input_shape: tuple[int, ...], num_outputs: int, calls: int, value: str):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(input_shape[1] ** 2, num_outputs))
        self.left, self.value = calls, float(value)

    def forward(self, x):
        out = self.net(x)
        if self.training:
            return out
        self.left -= 1
        return out if self.left else torch.cat([out[:-1], out[-1:] * self.value])
"""


@pytest.fixture
def broken(user_package, tmp_path):
    user_package("broken", NAN_WHEN)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "broken.yaml").write_text("_target_: broken.Broken\n")
    return ("--config-dir", "mine", "model=broken", "callbacks.predictions=null", "baselines=null")


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize(("calls", "part"), [(1, "val"), (2, "val"), (3, "test")])
def test_a_metric_that_is_no_number_never_ends_as_completed(leyden, broken, calls, part, value):
    words = (f"+model.calls={calls}", f"+model.value='{value}'", "callbacks.graph=null")
    result = leyden("train", *broken, *words, "trainer.max_epochs=2", "run_dir=run")
    assert result.status == 4
    assert f"diverged: {part}/loss is " in result.err
    assert record()["status"] == "diverged"


def test_an_evaluation_without_a_number_says_so(leyden, broken):
    words = ("+model.calls=100", "+model.value='nan'", "trainer.max_epochs=2", "run_dir=run")
    assert leyden("train", *broken, *words).status == 0
    result = leyden("eval", "run", "model.calls=1")
    assert result.status == 4
    assert "test/loss is nan" in result.err


def test_a_monitored_metric_without_a_value_ends_the_run(leyden, tmp_path):
    rows = [f"{i / 7},{i % 2 * 3.5}" for i in range(40)]
    (tmp_path / "flat.csv").write_text("\n".join(["x,y", *rows]))
    data = ("data=csv", "data.path=flat.csv", "data.target=y", "data.task=regression")
    words = ("trainer.overfit_samples=1", "data.batch_size=1", "trainer.max_steps=3")
    result = leyden("train", *data, *words, "monitor.metric=val/r2", "monitor.mode=max")
    assert result.status == 1
    assert "monitor.metric=val/r2 has no value" in result.err
