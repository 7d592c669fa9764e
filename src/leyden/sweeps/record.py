"""`sweep.json`: the jobs of a sweep, what became of each, and what they were compared by."""

import json
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, cast

from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.json_file import mismatch, read_json, reason_of
from leyden.run.content import Error, ProcessMark
from leyden.run.foreign_links import find_named
from leyden.run.lock import is_alive
from leyden.run.record import finite

SCHEMA = 1
DONE = ("completed", "pruned")
FAILED = ("failed", "diverged", "oom")
TO_GO_ON = ("pending", "interrupted", "crashed")
NOT_WRITTEN = ("folder", "is_behind", "next_write")
SHARE_OF_WRITING = 0.05
"""Of a sweep's time."""

SECONDS_AFTER_A_FAILURE = 10.0
"""Until it is tried again to write a sweep's record."""


@dataclass
class JobEntry:
    """A job of a sweep.

    Attributes:
        overrides: What is particular to it, as typed; it is found again by them.
        folder: Folder of its run, within the sweep's; None before it was started.
        digest: Digest of its config without the volatile keys.
        state: State as in its `run.json`; `pending` before it was started.
        objective: Value of each of the sweep's objectives; empty where there is none yet.
        failure: Kind of its failure, see `leyden.sweeps.failure`; None where it did not fail.
        error: Type and message of its failure.
        attempts: How often it was started.
        seconds: Seconds of its last attempt.
        trial: Number in the search's study.
    """

    overrides: list[str]
    folder: str | None = None
    digest: str | None = None
    state: str = "pending"
    objective: list[float | None] = field(default_factory=list)
    failure: str | None = None
    error: dict[str, str] | None = None
    attempts: int = 0
    seconds: float | None = None
    trial: int | None = None


@dataclass
class Objective:
    """What jobs are compared by.

    Attributes:
        metric: Metric of a run's record, or `params`, `flops`, `seconds`.
        mode: Whether less or more is better.
        reduce: `best` or `last` value, or the mean of so many last ones.
    """

    metric: str
    mode: Literal["min", "max"]
    reduce: str | int = "best"

    @property
    def sign(self) -> int:
        """1 where less is better, -1 where more is."""
        return 1 if self.mode == "min" else -1


@dataclass
class SweepRecord:
    """The content of `sweep.json`.

    Attributes:
        folder: Folder of the sweep; all other attributes are the keys of the file.
        command: What the user typed.
        overrides: Hydra's part of it.
        axes: Keys in which the jobs differ, in the order in which they were declared.
        repeated: Those of them that a report folds away.
        objectives: What the jobs are compared by, the monitor first.
        search: Settings of the search; None in a plain sweep.
        most_jobs: Number of jobs at most, of a comparison that is under way.
        status: running, completed, failed (a job did not end well) or interrupted.
        process: Mark of the process that runs the sweep.
        is_behind: Whether a change has not been written yet.
        next_write: Moment of the monotonic clock before which it is not.
    """

    folder: Path
    name: str
    experiment: str | None
    command: list[str]
    overrides: list[str]
    axes: list[str]
    repeated: list[str]
    objectives: list[Objective]
    launcher: str
    search: dict[str, Any] | None = None
    jobs: list[JobEntry] = field(default_factory=list)
    most_jobs: int = 0
    schema: int = SCHEMA
    status: str = "running"
    started: str | None = None
    ended: str | None = None
    process: dict[str, Any] | None = None
    is_behind: bool = False
    next_write: float = 0.0

    @property
    def num_planned(self) -> int:
        """Jobs in all; those of a search are not listed before they begin."""
        wanted: int = (self.search or {}).get("n_trials", 0) * self.jobs_a_trial
        return max(len(self.jobs), wanted, self.most_jobs)

    @property
    def jobs_a_trial(self) -> int:
        """Jobs of which the objective of a trial is the mean."""
        found: int = (self.search or {}).get("repeats", 1)
        return found

    @property
    def num_left(self) -> int:
        """Jobs that the same command would begin or resume."""
        begun = sum(entry.state in TO_GO_ON for entry in self.jobs)
        return begun + self.num_planned - len(self.jobs)

    @classmethod
    def read(cls, folder: Path) -> "SweepRecord":
        """The record in a sweep's folder; one whose process is gone is shown as crashed.

        Keys of other versions are passed over.

        Raises:
            ConfigError: It is none.
        """
        try:
            content = read_content(folder / NAME)
        except (OSError, ValueError) as error:
            message = f"can't be read: {reason_of(error)}"
            raise ConfigError([Problem(NAME, message, str(folder))]) from error
        content["jobs"] = [_made(JobEntry, job) for job in content["jobs"]]
        content["objectives"] = [_made(Objective, one) for one in content["objectives"]]
        record: SweepRecord = _made(cls, content, folder=folder, is_behind=False, next_write=0.0)
        if record.status == "running" and record.process and not is_alive(record.process):
            record.status = "crashed"
        return record

    def write(self) -> None:
        """Writes the record whole: with a thousand jobs it has to be quick, so without indents."""
        begin = time.monotonic()
        content = {key: value for key, value in vars(self).items() if key not in NOT_WRITTEN}
        content["jobs"] = [vars(entry) for entry in self.jobs]
        content["objectives"] = [vars(objective) for objective in self.objectives]
        write_atomically(self.folder / NAME, json.dumps(finite(content)) + "\n")
        end = time.monotonic()
        self.is_behind, self.next_write = False, end + (end - begin) / SHARE_OF_WRITING

    def write_soon(self) -> None:
        """Notes a change for `catch_up`; until it is written the jobs' own records tell.

        To write it at each change would take a time that grows as the square of the jobs.
        """
        self.is_behind = True

    def catch_up(self) -> None:
        """Writes what has waited for long enough.

        Raises:
            OSError: It could not be written; it will be tried again after some time.
        """
        if self.is_behind and time.monotonic() >= self.next_write:
            self.next_write = time.monotonic() + SECONDS_AFTER_A_FAILURE
            self.write()


def _made(kind: type[Any], content: dict[str, Any], **others: Any) -> Any:
    known = {one.name for one in fields(kind)} - others.keys()
    return kind(**{key: content[key] for key in content.keys() & known}, **others)


def find_sweeps(root: Path) -> tuple[list[SweepRecord], list[str]]:
    """The sweeps below a folder, by name.

    Returns:
        Their records, and for each file that is none, why it was left out.
    """
    records, left_out = [], []
    for folder in sorted(path.parent for path in find_named(root, NAME)):
        try:
            records.append(SweepRecord.read(folder))
        except ConfigError as error:
            left_out += [f"left out {folder / NAME}: {one.message}" for one in error.problems]
    return records, left_out


NAME = "sweep.json"


class JobContent(TypedDict):
    """A job."""

    overrides: list[str]
    folder: NotRequired[str | None]
    digest: NotRequired[str | None]
    state: NotRequired[str]
    objective: NotRequired[list[float]]
    failure: NotRequired[str | None]
    error: NotRequired[Error | None]
    attempts: NotRequired[int]
    seconds: NotRequired[float | None]
    trial: NotRequired[int | None]


class ObjectiveContent(TypedDict):
    """What jobs are compared by."""

    metric: str
    mode: Literal["min", "max"]
    reduce: NotRequired[str | int]


class SearchContent(TypedDict):
    """Settings of a search."""

    n_trials: NotRequired[int]
    repeats: NotRequired[int]


class SweepContent(TypedDict):
    """The whole."""

    name: str
    experiment: str | None
    command: list[str]
    overrides: list[str]
    axes: list[str]
    repeated: list[str]
    objectives: list[ObjectiveContent]
    launcher: str
    jobs: list[JobContent]
    search: NotRequired[SearchContent | None]
    most_jobs: NotRequired[int]
    schema: NotRequired[int]
    status: NotRequired[str]
    started: NotRequired[str | None]
    ended: NotRequired[str | None]
    process: NotRequired[ProcessMark | None]


def read_content(path: Path) -> dict[str, Any]:
    """The content of a `sweep.json`.

    Raises:
        OSError: It can't be read, or is a link or no regular file.
        ValueError: It is no sweep's record, or a job of it lies elsewhere.
    """
    content = read_json(path)
    said = mismatch(content, SweepContent)
    if said is not None:
        raise ValueError(said)
    if not content["objectives"]:
        raise ValueError("has no `objectives`")
    for place, job in enumerate(content["jobs"]):
        if not _lies_in_the_sweep(job.get("folder")):
            raise ValueError(f"`jobs[{place}].folder` is {job['folder']!r}, no folder in the sweep")
    return cast(dict[str, Any], content)


def _lies_in_the_sweep(folder: str | None) -> bool:
    """Whether a job's folder is a name: jobs lie directly in their sweep."""
    is_name = folder is None or not set("/\\\0") & set(folder)
    return is_name and folder not in ("", ".", "..")
