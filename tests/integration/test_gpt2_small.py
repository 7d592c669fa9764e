"""The large experiments, by the smoke line of their own headers: two processes on a CPU."""

import json
import random
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from leyden.config.location import EXPERIMENTS

SMOKE = "# Smoke     leyden "


def smoke_run(name):
    (line,) = [
        line.removeprefix(SMOKE)
        for line in (EXPERIMENTS / f"{name}.yaml").read_text().splitlines()
        if line.startswith(SMOKE)
    ]
    command = [sys.executable, "-m", "leyden", *shlex.split(line)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_smoke_runs_train_on_shards_by_both_strategies_alike(leyden, tmp_path):
    draw = random.Random(0)
    words = draw.choices(["to", "be", "or", "not", "that", "is", "the", "question"], k=20_000)
    (tmp_path / "corpus.txt").write_text(" ".join(words))
    shares = ("--val-share", "0.05", "--test-share", "0.05")
    made = leyden("tokenize", "corpus.txt", "--output", "shards", "--workers", "1", *shares)
    assert made.status == 0
    ddp, fsdp = (smoke_run(f"gpt2_small_{strategy}") for strategy in ("ddp", "fsdp"))
    records = [json.loads((folder / "run.json").read_text()) for folder in (ddp, fsdp)]
    assert [(r["status"], r["steps"]) for r in records] == [("completed", 20)] * 2
    losses = [record["metrics"]["val/loss"] for record in records]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    last = Path("checkpoints", "last.ckpt")
    assert [(folder / last).is_dir() for folder in (ddp, fsdp)] == [False, True]
