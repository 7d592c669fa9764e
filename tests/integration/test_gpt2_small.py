"""The large experiments, by the smoke line of their own headers: two processes on a CPU."""

import json
import random
import shlex
from pathlib import Path

import pytest

from leyden.config.location import EXPERIMENTS

SMOKE = "# Smoke     leyden "


def smoke_line(experiment):
    lines = (EXPERIMENTS / f"{experiment}.yaml").read_text().splitlines()
    (line,) = [line.removeprefix(SMOKE) for line in lines if line.startswith(SMOKE)]
    return shlex.split(line)


@pytest.mark.slow
@pytest.mark.timeout(600)  # two processes on one core
@pytest.mark.parametrize(("strategy", "is_sharded"), [("ddp", False), ("fsdp", True)])
def test_the_smoke_run_trains_on_shards(strategy, is_sharded, leyden, warm, tmp_path):
    draw = random.Random(0)
    words = draw.choices(["to", "be", "or", "not", "that", "is", "the", "question"], k=20_000)
    (tmp_path / "corpus.txt").write_text(" ".join(words))
    shares = ("--val-share", "0.05", "--test-share", "0.05")
    made = leyden("tokenize", "corpus.txt", "--output", "shards", "--workers", "1", *shares)
    assert made.status == 0
    status, out, err = warm.run(*smoke_line(f"gpt2_small_{strategy}"))
    assert status == 0, err
    folder = Path(out.splitlines()[-1])
    record = json.loads((folder / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("completed", 20)
    assert (folder / "checkpoints" / "step-20.ckpt").is_dir() == is_sharded
