"""Each key of regularisation does what it says in a real run."""

import csv
import json

import pytest
import torch

from leyden.run.checkpoints import find_checkpoint, read_weights

COMMON = ("model.width=4", "scheduler=constant", "optimizer=sgd", "trainer.log_every_n_steps=1")


def weights_of(folder, which="last"):
    return read_weights(find_checkpoint(folder, which))["head.weight"]


def rates_of(folder):
    with (folder / "metrics.csv").open() as file:
        return [float(row["lr"]) for row in csv.DictReader(file) if row["lr"]]


def test_the_mean_of_the_weights_is_what_is_kept(leyden):
    plain = [
        weights_of(leyden("train", *COMMON, f"trainer.max_steps={n}").folder) for n in (1, 2, 3)
    ]
    averaging = "callbacks.weight_averaging.decay=0.2"
    averaged = leyden("train", *COMMON, "trainer.max_steps=3", averaging)
    rising = 2 / 11  # after one update; after two, 3 / 12 is more than what was asked for
    expected = 0.2 * (rising * plain[0] + (1 - rising) * plain[1]) + 0.8 * plain[2]
    torch.testing.assert_close(weights_of(averaged.folder), expected)


def test_the_mean_of_the_weights_is_what_is_tested(leyden):
    averaging = "callbacks.weight_averaging.decay=0.9"
    folder = leyden("train", *COMMON, "trainer.max_steps=5", averaging).folder
    recorded = json.loads((folder / "run.json").read_text())["metrics"]
    evaluated = json.loads(leyden("eval", str(folder), "--json").out)
    assert evaluated == {name: recorded[name] for name in evaluated}


def test_a_schedule_free_optimizer_is_saved_at_its_mean(leyden):
    optimizer = ("optimizer=schedule_free_adamw", "trainer.max_steps=3")
    folder = leyden("train", "model.width=4", "scheduler=constant", *optimizer).folder
    checkpoint = torch.load(folder / "checkpoints" / "step-3.ckpt", weights_only=True)
    (state,) = checkpoint["optimizer_states"]
    assert {group["train_mode"] for group in state["param_groups"]} == {False}


EVERY_10_STEPS = (
    *("trainer.max_steps=30", "trainer.check_val_every_n_epoch=null"),
    "trainer.val_check_interval=10",
)


@pytest.mark.parametrize(
    ("when", "fall"),
    # The first validation sets the mark; the second misses it. An epoch has 22 steps.
    [(("trainer.max_epochs=3",), 44), (EVERY_10_STEPS, 20)],
)
def test_the_rate_falls_when_validation_no_longer_improves(when, fall, leyden):
    plateau = ("scheduler=plateau", "scheduler.patience=0", "optimizer.lr=1e-9")
    result = leyden("train", *COMMON, *plateau, "scheduler.min_delta=1.0", *when)
    rates = rates_of(result.folder)
    assert rates[:fall] == pytest.approx([1e-9] * fall)
    assert rates[fall : fall + 5] == pytest.approx([1e-10] * 5)


def test_weight_decay_shrinks_weights_without_a_gradient(leyden):
    decayed, kept = (
        weights_of(
            leyden(
                *("train", "model.width=4", "scheduler=constant", "optimizer=adamw"),
                *("optimizer.lr=1e-3", f"optimizer.weight_decay={decay}", "trainer.max_steps=1"),
            ).folder
        )
        for decay in (100, 0)
    )
    # Both took the same first step; one was multiplied by 1 - lr * decay = 0.9 before.
    assert decayed.norm() < 0.95 * kept.norm()
