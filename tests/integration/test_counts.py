"""Planned, run, recorded and seen by the network are the same numbers of steps and samples."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TRAIN, BATCH = 100, 8  # 12 whole batches

COUNTED = f"""
import torch
from leyden.data import DataModule, DataSplits, Spec


class Points:
    def __init__(self, n, part):
        self.x = torch.randn(n, 1, 2, 2, generator=torch.Generator().manual_seed(n))
        self.y = (self.x.sum(dim=(1, 2, 3)) > 0).long()
        self.part = part

    def __len__(self):
        return len(self.x)

    def __getitem__(self, draw):
        with open("seen", "a") as file:
            file.writelines(f"{{self.part}} {{draw.epoch}} {{i}}\\n" for i in draw.index.tolist())
        return self.x[draw.index], self.y[draw.index]


class Counted(DataModule):
    kind = "image"

    def load(self):
        spec = Spec("image", input_shape=(1, 2, 2), num_outputs=2)
        sizes = {{"train": {TRAIN}, "val": 20, "test": 20}}
        return DataSplits(spec, **{{part: Points(n, part) for part, n in sizes.items()}})
"""
LIMITS = st.one_of(st.none(), st.integers(1, 20), st.floats(0.1, 1.0).map(lambda x: round(x, 2)))
LENGTHS = st.one_of(
    st.integers(1, 3).map(lambda n: f"trainer.max_epochs={n}"),
    st.integers(1, 30).map(lambda n: f"trainer.max_steps={n}"),
)
QUICK = (
    *("model.width=4", "optimizer=sgd", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "trainer.log_every_n_steps=1",
)
"""Without baselines, which read samples, too."""


@pytest.fixture
def words(user_package, tmp_path):
    user_package("counted", COUNTED)
    (tmp_path / "mine" / "data").mkdir(parents=True)
    text = f"_target_: counted.Counted\nbatch_size: {BATCH}\n"
    (tmp_path / "mine" / "data" / "counted.yaml").write_text(text)
    return ("--config-dir", "mine", "data=counted", *QUICK)


def assert_counts_agree(leyden, *words):
    plan = leyden("plan", *words, "--json")
    assert plan.status == 0, plan.err
    (planned,) = json.loads(plan.out)
    Path("seen").unlink(missing_ok=True)
    result = leyden("train", *words)
    assert result.status == 0, result.err
    record = json.loads((result.folder / "run.json").read_text())
    # The first batch of two samples is a look at the data before the run.
    seen = [line.split() for line in Path("seen").read_text().splitlines()]
    of_train = Counter((epoch, index) for part, epoch, index in seen if part == "train")
    looked_at = Counter({("0", "0"): 1, ("0", "1"): 1})
    assert record["steps"] == planned["steps"]
    assert record["samples"] == record["steps"] * BATCH
    assert (of_train - looked_at).total() == record["samples"]
    return record


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(limit=LIMITS, accumulate=st.sampled_from([1, 2, 4]), length=LENGTHS)
def test_steps_and_samples_agree(leyden, words, limit, accumulate, length):
    limits = ["null" if limit is None else str(limit)]
    split = f"trainer.accumulate_grad_batches={accumulate}"
    assert_counts_agree(leyden, *words, length, split, f"trainer.limit_train_batches={limits[0]}")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
@pytest.mark.parametrize(("limit", "steps"), [("null", 24), ("5", 10), ("0.3", 6)])
def test_steps_and_samples_agree_in_two_processes(leyden, words, strategy, limit, steps):
    split = (f"strategy={strategy}", "trainer.devices=2", "trainer.accumulate_grad_batches=2")
    length = ("trainer.max_epochs=2", f"trainer.limit_train_batches={limit}")
    assert assert_counts_agree(leyden, *words, *split, *length)["steps"] == steps


CHANGES = """
from pytorch_lightning import Callback


class Accumulates(Callback):
    def on_train_epoch_start(self, trainer, task):
        trainer.accumulate_grad_batches = 4


class Stops(Callback):
    def on_train_start(self, trainer, task):
        trainer.should_stop = True
        trainer.fit_loop.max_epochs = 0
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [("Accumulates", "accumulate_grad_batches from 1 to 4"), ("Stops", "before its first step")],
)
def test_a_callback_that_changes_what_is_counted_ends_the_run(leyden, user_package, name, said):
    user_package("changes", CHANGES)
    words = ("model.width=4", "trainer.max_epochs=2", "trainer.accelerator=cpu")
    result = leyden("train", *words, f"+callbacks.x={{_target_:changes.{name}}}")
    assert result.status == 1
    assert said in result.err
