"""Runs that many tests look at, made once; a model that does harm; commands that can be killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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

QUICK = ("trainer.max_steps=3", "trainer.accelerator=cpu", "sweep.report=false")


@pytest.fixture
def faulty(tmp_path: Path, user_package: Callable[[str, str], None]) -> Iterator[tuple[str, ...]]:
    """Words that choose a user's model that can do harm, for few steps."""
    user_package("faulty", MODEL)
    (tmp_path / "mine" / "model").mkdir(parents=True)
    lines = ("_target_: faulty.Faulty", "fault: none", "seconds: 0.0", f"notes: {tmp_path}")
    (tmp_path / "mine" / "model" / "faulty.yaml").write_text("\n".join(lines))
    yield ("--config-dir", "mine", "model=faulty", *QUICK)
    sys.modules.pop("faulty", None)


def environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.fixture
def jobs_of() -> Callable[[Path], dict[str, dict[str, Any]]]:
    """The jobs in a sweep's record, by what is particular to them."""

    def read(folder: Path) -> dict[str, dict[str, Any]]:
        jobs = json.loads((folder / "sweep.json").read_text())["jobs"]
        return {" ".join(job["overrides"]): job for job in jobs}

    return read


MARK = "LEYDEN_TEST_FOLDER"


@dataclass
class Commands:
    """Commands as processes of their own, which a test may kill; see `start`."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts `leyden train` in the test's folder, and all its processes with a mark.

        They are in a process group of their own.
        """
        paths = filter(None, [str(self.folder), os.environ.get("PYTHONPATH")])
        process = subprocess.Popen(
            [sys.executable, "-m", "leyden", "train", *words],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), MARK: str(self.folder)},
        )
        self.started.append(process)
        return process

    def run(self, *words: str, seconds: float = 280) -> tuple[int, str, str]:
        """Exit status, output and messages of a command."""
        process = self.start(*words)
        out, err = process.communicate(timeout=seconds)
        return process.returncode, out, err

    def wait_for(self, happened: Callable[[], Any], seconds: float = 90) -> Any:
        """Waits until something is the case while the command that was started last runs."""
        deadline = time.monotonic() + seconds
        while not (found := happened()):
            if self.started[-1].poll() is not None:
                raise AssertionError(self.started[-1].communicate())
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found

    def left(self) -> dict[int, str]:
        """Processes that were started by the commands and are still there."""
        mark = f"{MARK}={self.folder}".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            if mark in environment_of(int(path.name)):
                with contextlib.suppress(OSError):
                    words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    state = (path / "stat").read_text().rpartition(")")[2].split()[0]
                    if state != "Z":
                        found[int(path.name)] = words
        return found

    def left_after(self, seconds: float = 25) -> dict[int, str]:
        """The same, after they have had some time to end."""
        deadline = time.monotonic() + seconds
        while (found := self.left()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def end(self) -> None:
        """Ends what the test has left running."""
        for process in self.started:
            process.kill()
            process.communicate()
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    """Starts commands as processes of their own."""
    made = Commands(tmp_path)
    yield made
    made.end()
