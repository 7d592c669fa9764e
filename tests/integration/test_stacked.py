"""Sweeps whose jobs train in one stack end, stop and go on as others do."""

import csv
import json
import signal

import pytest

STACKED = ("-m", "hydra/launcher=stacked", "sweep.report=false", "model.width=16")
LONG = (*STACKED, "trainer.max_steps=2000", "optimizer=sgd,adamw", "seed=0,1")


def records(root):
    return [json.loads(path.read_text()) for path in sorted(root.glob("outputs/*/*/*/run.json"))]


def checkpoint_steps(root):
    found = root.glob("outputs/*/*/*/checkpoints/step-*.ckpt")
    return [int(path.stem.removeprefix("step-")) for path in found]


def steps_in(folder):
    with (folder / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]


@pytest.mark.slow
def test_an_interrupted_stack_is_gone_on_with_by_the_same_command(commands, leyden):
    process = commands.start(*LONG, "resume.every_steps=50")
    commands.wait_for(lambda: len(checkpoint_steps(commands.folder)) >= 4)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    stopped = records(commands.folder)
    assert [one["status"] for one in stopped] == ["interrupted"] * 4
    assert all(one["steps"] < 2000 for one in stopped)
    assert not commands.left_after()
    again = leyden("train", *LONG, "resume.every_steps=50")
    assert again.status == 0, again.err
    for folder in commands.folder.glob("outputs/*/*/*/"):
        if (folder / "metrics.csv").exists():
            assert steps_in(folder) == list(range(9, 2000, 10))


@pytest.mark.slow
def test_a_search_can_be_stacked(leyden):
    words = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=4", "hydra.launcher.size=2")
    space = "optimizer.lr=tag(log,interval(1e-3,1e-1))"
    result = leyden("train", *STACKED, *words, "trainer.max_epochs=2", space)
    assert result.status == 0, result.err
    sweep = json.loads((result.folder / "sweep.json").read_text())
    assert [job["state"] for job in sweep["jobs"]] == ["completed"] * 4


@pytest.mark.slow
def test_what_can_not_be_stacked_says_why_and_runs_alone(leyden, tmp_path):
    words = ("model=mlp,rnn", "trainer.max_steps=3", "seed=0,1")
    result = leyden("train", *STACKED, *words)
    assert result.status == 0, result.err
    assert result.err.count("not stacked: model: torch.func.vmap knows no recurrent layers") == 1
    assert [one["status"] for one in records(tmp_path)] == ["completed"] * 4


@pytest.mark.slow
def test_one_that_stops_early_leaves_the_others_in_the_stack(leyden, tmp_path):
    words = ("optimizer=sgd", "optimizer.lr=0.1,1e-9", "trainer.max_epochs=4")
    patience = ("callbacks.early_stopping.patience=1", "callbacks.early_stopping.min_delta=1e-4")
    result = leyden("train", *STACKED, *words, *patience)
    assert result.status == 0, result.err
    assert sorted(one["steps"] for one in records(tmp_path)) == [44, 88]
