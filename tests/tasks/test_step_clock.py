"""Only training steps count as time of training steps."""

import csv
import json

import pytest

from leyden.tasks import step_clock as clock
from leyden.tasks.step_clock import StepClock, StepInterval


class Time:
    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    moved = Time()
    monkeypatch.setattr(clock, "time", moved)
    return moved


def test_pauses_do_not_count_however_they_are_nested(time):
    steps = StepClock()
    time.now = 5.0
    with steps.running():
        time.now = 6.0
        with steps.paused():
            time.now = 100.0
            with steps.paused():
                time.now = 200.0
        time.now = 202.0
        assert steps.seconds == 3.0
    time.now = 1000.0
    assert steps.seconds == 3.0
    with steps.running():
        time.now = 1001.0
    assert steps.seconds == 4.0


def test_a_lap_begins_where_the_one_before_has_ended(time):
    steps = StepClock()
    with steps.running():
        lap = StepInterval(steps, step=10)
        time.now = 2.0
        assert lap.end(step=14) == (4, 2.0)
        time.now = 5.0
        assert lap.end(step=15) == (1, 3.0)


SLOW = """
import time
from pytorch_lightning import Callback


class Slow(Callback):
    def on_validation_epoch_end(self, trainer, task):
        time.sleep(0.5)

    def on_save_checkpoint(self, trainer, task, checkpoint):
        time.sleep(0.3)
"""


def test_neither_validations_nor_checkpoints_slow_the_throughput_that_is_recorded(
    leyden, user_package
):
    user_package("slow", SLOW)
    words = ("model.width=8", "trainer.max_steps=6", "trainer.val_check_interval=2")
    often = ("resume.every_steps=2", "trainer.log_every_n_steps=2", "callbacks.predictions=null")
    result = leyden("train", *words, *often, "+callbacks.slow={_target_: slow.Slow}")
    record = json.loads((result.folder / "run.json").read_text())
    with (result.folder / "metrics.csv").open() as file:
        logged = [float(row["throughput"]) for row in csv.DictReader(file) if row["throughput"]]
    samples = 6 * 64
    assert record["train_seconds"] > 3 * 0.5 + 3 * 0.3
    assert samples / record["throughput"] < 0.5
    assert all(2 * 64 / speed < 0.5 for speed in logged)
