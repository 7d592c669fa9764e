"""Every callback under every precision, and under every task.

What a task is and how numbers are kept meet in what callbacks draw, which takes numbers of any
kind through the same conversion: so each task comes with two precisions, each precision with three
tasks.
"""

import json
from itertools import cycle, pairwise

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from leyden.planning.hardware import has_mixed_lstm

TASKS = {
    "classes of images": ("model=cnn", "data=digits"),
    "classes of a table": ("data=blobs",),
    "numbers of a table": ("data=line",),
    "a series": ("model=rnn", "data=sunspots"),
    "text": ("model=gpt", "model.head_dim=4", "data=stdlib_text", "data.max_bytes=60000"),
    "a stream": ("model=rnn", "data=stdlib_text", "data.stream=true", "data.max_bytes=60000"),
}
PICTURES = {
    "classes of images": {
        "images": {"val/confusion", "val/calibration", "val/predictions", "val/mistakes"},
        "tensors": {"pr/all classes", "pr/0"},
    },
    "classes of a table": {
        "images": {"val/confusion", "val/calibration"},
        "tensors": {"pr/all classes"},
    },
    "numbers of a table": {"images": {"val/forecast"}},
    "a series": {"images": {"val/forecast"}},
    "text": {"tensors": {"sample/text_summary"}},
    "a stream": {"tensors": {"sample/text_summary"}},
}
ALL = (
    *("logger=tensorboard_deep", "callbacks.histograms.every_n_steps=1"),
    *("callbacks.early_stopping.patience=3", "callbacks.samples.num_tokens=3"),
    "+callbacks.speed={_target_:pytorch_lightning.callbacks.LearningRateMonitor}",
    "+callbacks.timer={_target_:pytorch_lightning.callbacks.Timer}",
)
QUIET = ("callbacks.graph=null", "callbacks.predictions=null", "callbacks.samples=null")
PRECISIONS = ("32-true", "bf16-true", "64-true", "bf16-mixed")
PAIRS = [
    (task, precision)
    for task, two in zip(TASKS, pairwise(cycle(PRECISIONS)), strict=False)
    for precision in two
]
SMALL = ("model.width=8", "data.batch_size=4", "trainer.max_steps=3", "trainer.log_every_n_steps=1")


def cell_of(task, precision):
    """A recurrent cell that this CPU computes in 16 bits; some have no such LSTM."""
    is_lstm = "model=rnn" in TASKS[task] and precision == "bf16-mixed"
    return ("model.cell=gru",) if is_lstm and not has_mixed_lstm() else ()


@pytest.mark.parametrize(("task", "precision"), PAIRS)
def test_every_callback_does_its_work(task, precision, leyden):
    words = (*TASKS[task], *cell_of(task, precision), f"trainer.precision={precision}")
    result = leyden("train", *words, *SMALL, *ALL)
    assert result.status == 0, result.err
    record = json.loads((result.folder / "run.json").read_text())
    assert {"train/loss", "val/loss", "test/loss", "lr", "grad_norm"} <= record["metrics"].keys()
    assert "can't be traced" not in (result.folder / "train.log").read_text()
    tags = EventAccumulator(str(result.folder)).Reload().Tags()
    assert tags["graph"]
    drawn = {name.partition("/")[0] for name in [*tags["histograms"], *tags["scalars"]]}
    assert {"weights", "gradients", "update_ratio"} <= drawn
    for kind, wanted in PICTURES[task].items():
        assert wanted <= set(tags[kind])
    has_features = (result.folder / "projector" / "features.tsv").is_file()
    assert has_features == task.startswith("classes")


@pytest.mark.parametrize(
    ("task", "precision"), [*zip(TASKS, cycle(("32-true", "64-true", "bf16-mixed")), strict=False)]
)
def test_weights_are_averaged(task, precision, leyden):
    mean = ("callbacks.weight_averaging.decay=0.5", f"trainer.precision={precision}", *QUIET)
    result = leyden("train", *TASKS[task], *cell_of(task, precision), *SMALL, *mean)
    assert result.status == 0, result.err


@pytest.mark.parametrize(
    "words", [("callbacks.weight_averaging.decay=0.9",), ("optimizer=schedule_free_adamw",)]
)
def test_a_mean_of_16_bit_weights_is_refused(words, leyden):
    result = leyden("train", "trainer.precision=bf16-true", *words)
    assert result.status == 2
    assert "stops moving in 16 bits" in result.err
