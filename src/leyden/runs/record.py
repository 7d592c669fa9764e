"""`run.json`: what a run is, how far it got, what it reached. Written whole at each change."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from leyden.runs.atomic import write_atomically
from leyden.runs.environment import git_state, process_mark, versions

SCHEMA = 1
NAME = "run.json"


class Diverged(Exception):
    """The loss became NaN or infinite."""


class Interrupted(Exception):
    """A signal asked the run to stop; it stopped after a whole step."""


@dataclass
class Record:
    """The content of `run.json`. What is not known is None, never a guess.

    Attributes:
        folder: The run's; all others are the file's keys, see `design` in the README.
    """

    folder: Path
    experiment: str | None
    overrides: list[str]
    choices: dict[str, str]
    config_digest: str
    seed: int
    command: list[str]
    params: dict[str, int]
    flops: dict[str, int | None]
    schema: int = SCHEMA
    status: str = "pending"
    started: str | None = None
    ended: str | None = None
    seconds: float | None = None
    train_seconds: float | None = None
    steps: int | None = None
    samples: int | None = None
    tokens: int | None = None
    throughput: float | None = None
    peak_memory_bytes: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    best: dict[str, Any] = field(
        default_factory=lambda: {"metric": None, "value": None, "step": None, "checkpoint": None}
    )
    git: dict[str, Any] = field(default_factory=git_state)
    versions: dict[str, str] = field(default_factory=versions)
    device: str | None = None
    process: dict[str, Any] | None = None
    error: dict[str, str] | None = None

    @classmethod
    def read(cls, folder: Path) -> "Record":
        """The record in a run's folder."""
        return cls(folder=folder, **json.loads((folder / NAME).read_text(encoding="utf-8")))

    def write(self) -> None:
        """Writes the record; NaN and infinity, which JSON lacks, become null."""
        content = {key: value for key, value in vars(self).items() if key != "folder"}
        text = json.dumps(_finite(content), indent=2, allow_nan=False)
        write_atomically(self.folder / NAME, text + "\n")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Marks the run as running, and at the end as what became of it."""
        self.status, self.started, self.process = "running", _now(), process_mark()
        clock = time.monotonic()
        self.write()
        try:
            yield
            self.status = "completed"
        except BaseException as error:
            self.status = _status_after(error)
            self.error = {"type": type(error).__name__, "message": str(error)}
            raise
        finally:
            self.ended, self.seconds = _now(), round(time.monotonic() - clock, 3)
            self.write()


def _status_after(error: BaseException) -> str:
    if isinstance(error, Diverged):
        return "diverged"
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return "interrupted"
    on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    if on_cpu or isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "oom"
    return "failed"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
