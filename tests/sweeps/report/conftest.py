"""Sweep folders as a sweep would have left them, made without training."""

import json
from pathlib import Path
from typing import Any

import pytest

from leyden.sweeps.record import JobEntry, Objective, SweepRecord
from leyden.sweeps.report import write_report


@pytest.fixture
def job(tmp_path):
    return Factory(tmp_path).job


@pytest.fixture
def sweep(tmp_path):
    return Factory(tmp_path).sweep


@pytest.fixture(scope="session")
def grid(tmp_path_factory) -> Path:
    """Two models by three rates by three seeds, with a failure of every kind, and its report."""
    factory = Factory(tmp_path_factory.mktemp("grid"))
    jobs = [
        factory.job(
            f"model={model}",
            f"optimizer.lr={lr}",
            f"seed={seed}",
            score=1 + place + abs(lr - 0.1) + 0.01 * seed,
        )
        for place, model in enumerate(["mlp", "my_cnn"])
        for lr in (0.01, 0.1, 1.0)
        for seed in range(3)
    ]
    states = ["diverged", "oom", "failed", "interrupted", "pruned"]
    for entry, state in zip(jobs[-5:], states, strict=True):
        entry.state = state
    jobs.append(factory.job("model=rnn", "optimizer.lr=0.1", "seed=0", state="pending"))
    folder = factory.sweep(jobs)
    write_report(folder)
    return folder


class Factory:
    """Writes a sweep's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def job(self, *overrides: str, score=None, state="completed", run=None, **entry: Any):
        """A job's entry, and its run's record where there is a score or something is said of it."""
        name = entry.pop("folder", "_".join(overrides).replace("/", "-"))
        if score is not None or run is not None:
            (self.folder / name).mkdir()
            record = run_record(state, score) | (run or {})
            (self.folder / name / "run.json").write_text(json.dumps(record))
        objective = [] if score is None else [score]
        found = {"folder": name, "state": state, "objective": objective, "attempts": 1} | entry
        return JobEntry(list(overrides), **found)

    def sweep(self, jobs: list[JobEntry], **changes: Any) -> Path:
        """The folder, with a `sweep.json`."""
        axes = list(dict.fromkeys(o.partition("=")[0] for job in jobs for o in job.overrides))
        settings: dict[str, Any] = {
            "name": "test",
            "experiment": None,
            "command": ["leyden", "train", "-m"],
            "overrides": [],
            "axes": axes,
            "repeated": ["seed"],
            "objectives": [Objective("val/loss", "min")],
            "launcher": "local",
            "status": "completed",
        }
        SweepRecord(folder=self.folder, jobs=jobs, **settings | changes).write()
        return self.folder


def run_record(state: str, score: float | None) -> dict[str, Any]:
    return {
        "status": state,
        "params": {"total": 100},
        "flops": {"per_step": 10, "total": 1000},
        "train_seconds": 2.0,
        "seconds": 3.0,
        "metrics": {"val/loss": score, "test/loss": score, "train/loss": 0.5},
        "best": {"metric": "val/loss", "value": score, "step": 2, "checkpoint": None},
        "monitored": [] if score is None else [[1, 2 * score], [2, score]],
        "error": None,
    }
