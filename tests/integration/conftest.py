"""Runs that many tests look at, made once; a model that does harm."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leyden.cli import main

TINY = {
    "mlp": ("model.width=16", "trainer.max_epochs=2", "trainer.log_every_n_steps=1"),
    "gpt": (
        "model=gpt",
        "data=stdlib_text",
        "model.width=16",
        "model.depth=2",
        "data.context=32",
        "data.batch_size=8",
        "data.max_bytes=60000",
        "trainer.max_steps=10",
        "trainer.log_every_n_steps=1",
        "callbacks.samples.num_tokens=20",
    ),
}


@pytest.fixture(scope="session")
def tiny() -> dict[str, tuple[str, ...]]:
    """Overrides of a run of each family that takes about a second."""
    return TINY


def run_in(folder: Path, *arguments: str) -> Path:
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(["train", *arguments]) == 0
    finally:
        os.chdir(before)
    (record,) = folder.glob("outputs/*/*/run.json")
    return record.parent


@pytest.fixture(scope="session")
def mlp_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of an MLP."""
    return run_in(tmp_path_factory.mktemp("mlp"), *TINY["mlp"])


@pytest.fixture(scope="session")
def gpt_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of a GPT."""
    return run_in(tmp_path_factory.mktemp("gpt"), *TINY["gpt"])


MODEL = '''
"""A model that does harm when asked to, and tells what it sees."""
import json, os, signal, sys, time
from pathlib import Path

import torch
from torch import nn


class Faulty(nn.Module):
    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: int,
        fault: str = "none",
        seconds: float = 0.0,
        notes: str = ".",
    ) -> None:
        super().__init__()
        self.fault, self.seconds, self.notes = fault, seconds, Path(notes)
        self.head = nn.Linear(input_shape[0] * input_shape[1] * input_shape[2], num_outputs)

    def forward(self, x):
        if self.training and not x.is_meta:
            time.sleep(self.seconds)
            getattr(self, self.fault)()
        scale = float("nan") if self.fault == "diverge" and self.training else 1.0
        return self.head(x.flatten(1)) * scale

    def none(self): pass
    diverge = none
    def throw(self): raise RuntimeError("out of ideas")
    def exit(self): sys.exit(0)
    def quit(self): os._exit(0)
    def kill(self): os.kill(os.getpid(), signal.SIGKILL)
    def segfault(self): os.kill(os.getpid(), signal.SIGSEGV)
    def oom(self): raise torch.OutOfMemoryError("no more")

    def once(self):
        mark = self.notes / "was_here"
        if not mark.exists():
            mark.touch()
            self.throw()

    def look(self):
        server = Path(f"/proc/{os.getppid()}")
        seen = {
            "pid": os.getpid(),
            "parent": os.getppid(),
            "cores": sorted(os.sched_getaffinity(0)),
            "threads": torch.get_num_threads(),
            "threads_of_parent": len(list((server / "task").iterdir())),
            "cuda": torch.cuda.is_initialized(),
            "left": os.environ.get("LEFT_BY_A_JOB"),
            "rank": os.environ.get("RANK"),
            "time": time.time(),
        }
        os.environ["LEFT_BY_A_JOB"] = "yes"
        path = self.notes / f"{os.getpid()}.json"
        if not path.exists():
            path.write_text(json.dumps(seen))
'''

QUICK = ("trainer.max_steps=3", "trainer.accelerator=cpu", "sweep.report=false", "baselines=null")


@pytest.fixture
def faulty(tmp_path: Path, user_package: Callable[[str, str], None]) -> Iterator[tuple[str, ...]]:
    """Words that choose a user's model that can do harm, for few steps."""
    user_package("faulty", MODEL)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    lines = ("_target_: faulty.Faulty", "fault: none", "seconds: 0.0", f"notes: {tmp_path}")
    (tmp_path / "mine" / "model" / "faulty.yaml").write_text("\n".join(lines))
    yield ("--config-dir", "mine", "model=faulty", *QUICK)
    sys.modules.pop("faulty", None)


@pytest.fixture
def jobs_of() -> Callable[[Path], dict[str, dict[str, Any]]]:
    """The jobs in a sweep's record, by what is particular to them."""

    def read(folder: Path) -> dict[str, dict[str, Any]]:
        jobs = json.loads((folder / "sweep.json").read_text())["jobs"]
        return {" ".join(job["overrides"]): job for job in jobs}

    return read
