"""`run.json`: a run's request, progress and results. `write` replaces the file as a whole."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from leyden.config.environment import without_values
from leyden.config.user_code import kind_of, line_of, message_of, place_of
from leyden.errors import ConfigError, Diverged, Interrupted, Problem, Pruned
from leyden.files.atomic import write_atomically
from leyden.files.json_file import reason_of
from leyden.run.checkpoints import BEST, checkpoints_in
from leyden.run.content import read_content
from leyden.run.lock import process_mark
from leyden.run.provenance import git_state, versions

SCHEMA = 1
NAME = "run.json"
NO_BEST = {"metric": None, "value": None, "step": None, "checkpoint": None}
NOT_WRITTEN = ("folder", "is_writer", "training_since")


@dataclass
class Record:
    """The content of `run.json`. What is not known is None, never a guess.

    Attributes:
        folder: Folder of the run.
        monitored: Step and value of the monitored metric at each validation.
        flags: Settings of the process that trained, see `provenance.flags`.
        data: Fingerprint of the data, see `DataModule.fingerprint`.
        data_report: What was read of it, left out and guessed, see `DataReport`.
        seconds: Seconds of the whole run, in the process that executes it.
        train_seconds: Seconds of the fit alone, with its validations and checkpoints.
        throughput: Samples, or tokens of text, a second of training steps, without validations and
            checkpoints, since the run began or was last resumed.
        passed_over: Steps that were skipped because of NaN or infinity: pairs (last good step, last
            skipped step).
        resume: How exactly the run can be resumed within an epoch, and why not; see
            `leyden.data.replay.ResumeExactness`.
        resumed: When and by what command the run was resumed.
        intervals: 95 % intervals of test metrics over the samples of the test part, by name.
        baselines: What simple models reach on the same data, see `leyden.baselines`; None: they
            were not computed.
        initial_weights: What the run began with, where weights were given: `source`, `sha256` of
            the names and values, number of tensors `taken`, and `not_taken` with their shapes in
            the source and in the network; None: random weights.
        privacy: What a private training guarantees, see `leyden.privacy`; None: nothing.
        given: Keys whose objects Python has given: the config alone does not make this run again.
        reused_from: Folder of the run that computed the results; None: this one.
        losses: Losses of some optimizer steps, by step; exact, as `float.hex`.
        is_writer: Whether changes are written; of several processes of a run only the first writes.
        training_since: Monotonic time at which training would have begun without interruptions.
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
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    baselines: list[dict[str, Any]] | None = None
    best: dict[str, Any] = field(default_factory=lambda: dict(NO_BEST))
    monitored: list[tuple[int, float]] = field(default_factory=list)
    git: dict[str, Any] = field(default_factory=git_state)
    versions: dict[str, str] = field(default_factory=versions)
    device: str | None = None
    flags: dict[str, Any] | None = None
    data: dict[str, str | None] | None = None
    data_report: dict[str, Any] | None = None
    losses: dict[str, str] = field(default_factory=dict)
    passed_over: list[list[int]] = field(default_factory=list)
    resume: dict[str, str] | None = None
    initial_weights: dict[str, Any] | None = None
    privacy: dict[str, Any] | None = None
    given: list[str] = field(default_factory=list)
    reused_from: str | None = None
    resumed: list[dict[str, Any]] = field(default_factory=list)
    process: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    is_writer: bool = True
    training_since: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> "Record":
        """The record in a run's folder; unknown keys of other versions are ignored.

        Raises:
            ConfigError: The folder has no valid record.
        """
        path = folder / NAME
        known = {one.name for one in fields(cls)} - set(NOT_WRITTEN)
        needed = [one.name for one in fields(cls) if _has_no_default(one) and one.name in known]
        try:
            content = read_content(path, needed=(*needed, "status"))
        except (OSError, ValueError) as error:
            message = f"is no valid record of a run: it {reason_of(error)}"
            raise ConfigError([Problem("RUN", message, str(path))]) from error
        record = cls(folder=folder, **{key: content[key] for key in known & content.keys()})
        record.best = {**NO_BEST, **record.best}
        return record

    def reread(self) -> "Record":
        """Updates itself from the file, which another process may have written. Returns itself.

        Raises:
            ConfigError: The file is no longer a valid record.
        """
        content = vars(Record.read(self.folder)).items()
        vars(self).update({key: value for key, value in content if key not in NOT_WRITTEN})
        return self

    def write(self) -> None:
        """Writes the record; NaN and infinity, which JSON lacks, become null."""
        if not self.is_writer:
            return
        content = {key: value for key, value in vars(self).items() if key not in NOT_WRITTEN}
        text = json.dumps(finite(content), indent=2, allow_nan=False)
        write_atomically(self.folder / NAME, text + "\n")

    def discard_after(self, step: int) -> None:
        """Begins or continues training at a step: later values and losses are discarded."""
        self.training_since = time.monotonic() - (self.train_seconds or 0.0)
        self.monitored = [(at, value) for at, value in self.monitored if at <= step]
        self.losses = {at: loss for at, loss in self.losses.items() if int(at) <= step}
        if (self.best["step"] or 0) > step:
            self.best = dict(NO_BEST)

    def record_best_checkpoint(self) -> None:
        """Records which checkpoint is the best."""
        found = checkpoints_in(self.folder / "checkpoints", BEST)
        if self.best["value"] is not None and found:
            self.best["checkpoint"] = f"checkpoints/{found[0][0].name}"

    def update_train_seconds(self) -> None:
        """Brings `train_seconds` up to date."""
        self.train_seconds = round(time.monotonic() - self.training_since, 3)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Marks the run as running, and at the end with its final status."""
        self.status, self.process = "running", process_mark()
        self.started, self.ended, self.error = self.started or now(), None, None
        clock = time.monotonic() - (self.seconds or 0.0)
        self.write()
        try:
            yield
            self.status = "completed"
        except BaseException as error:
            self.status = status_after(error)
            self.error = describe(error)
            raise
        finally:
            self.ended, self.seconds = now(), round(time.monotonic() - clock, 3)
            self._write_end()

    def _write_end(self) -> None:
        """Writes the end of the run; a run whose end can't be written has failed."""
        try:
            self.write()
        except OSError as error:
            self.status, self.error = "failed", describe(error)
            raise


def _has_no_default(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def status_after(error: BaseException) -> str:
    """Status of a run that was ended by an error."""
    if isinstance(error, Diverged):
        return "diverged"
    if isinstance(error, Pruned):
        return "pruned"
    if isinstance(error, Interrupted | KeyboardInterrupt):
        return "interrupted"
    on_cpu = isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    if on_cpu or isinstance(error, torch.OutOfMemoryError | MemoryError):
        return "oom"
    return "failed"


def describe(error: BaseException) -> dict[str, str]:
    """An error as recorded; `where` is its line in the user's own files, if it has one."""
    told = {"type": kind_of(error), "message": without_values(message_of(error))}
    place = place_of(error) if status_after(error) in ("failed", "oom") else None
    return told if place is None else {**told, "where": place}


def error_line(error: Mapping[str, str]) -> str:
    """A recorded error in one line."""
    return line_of(error["type"], error["message"], error.get("where"))


def now() -> str:
    """The current time, in the form of the record."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def finite(value: Any) -> Any:
    """A value as JSON can hold it: None for NaN and infinity."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
