"""Where the jobs of a sweep come from: a list of them, or a search."""

import errno
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from leyden.config.compose import SweepSpec
from leyden.config.identity import config_digest
from leyden.config.job import Job
from leyden.config.sweep_space import Assignment, Axes
from leyden.config.validate import check_job
from leyden.errors import ConfigError
from leyden.events import Observer
from leyden.planning.resolve import ResolvedConfig, resolve_job
from leyden.planning.rules import RULES
from leyden.run.folder import is_begun, job_name, read_frozen
from leyden.run.record import NAME
from leyden.sweeps.failure import LOST, lost
from leyden.sweeps.launchers import JobSpec
from leyden.sweeps.objective import update_entry
from leyden.sweeps.outcome import outcome_of
from leyden.sweeps.record import DONE, JobEntry, SweepRecord
from leyden.sweeps.reuse import Reuse
from leyden.sweeps.study import OptunaStudy
from leyden.sweeps.trial import TrialReporter
from leyden.training.run_work import RunWork
from leyden.training.train import prepare


class Jobs(Protocol):
    """What a sweep still has to do."""

    def next(self) -> tuple[JobEntry, JobSpec | None] | None:
        """The next job, prepared; without a task where it can't be; None if none is left."""

    def left(self) -> int:
        """How many are still to be started."""

    def again(self, entry: JobEntry) -> None:
        """A job is to be started once more."""

    def ended(self, entry: JobEntry) -> None:
        """A job has come to its end and will not be started again."""

    def close(self) -> None:
        """Nothing more will be asked."""


@dataclass
class JobFolders:
    """Makes the folders of a sweep's jobs.

    Attributes:
        record: Record of the sweep.
        sweep: The sweep as it was asked for.
        command: What the user typed.
        observer: Is told of the events of the sweep and of its jobs.
        reuse: Takes results from earlier runs.
    """

    record: SweepRecord
    sweep: SweepSpec
    command: list[str]
    observer: Observer
    reuse: Reuse

    def prepared(
        self,
        entry: JobEntry,
        made: Callable[[], tuple[Job, ResolvedConfig]],
        trial: TrialReporter | None = None,
    ) -> JobSpec | None:
        """A job for a launcher; None where its folder can't be made or read now, or it is done.

        Args:
            entry: Entry of the job.
            made: Composes it; called where it has no folder yet, or none any more.
            trial: Trial of a search.
        """
        try:
            if entry.folder is None or not (folder_of(self.record, entry) / NAME).is_file():
                self._prepare(entry, *made())
        except OSError as error:
            entry.state, entry.error = "pending", {"type": "OSError", "message": str(error)}
            return None
        if entry.state in DONE:
            return None
        try:
            task = self._task(entry, trial)
        except ConfigError as error:  # its frozen config is damaged
            entry.state, entry.failure, entry.error = "failed", LOST, lost(error)
            return None
        entry.error = None
        return task

    def composed(self, entry: JobEntry) -> tuple[Job, ResolvedConfig]:
        """Composes and checks a job that was not among those that were asked for.

        Raises:
            ConfigError: Its values can't be had.
        """
        job = self.sweep.job(assignment_of(entry))
        problems = check_job(job, RULES)
        if problems:
            raise ConfigError(problems)
        return job, resolve_job(job)

    def _prepare(self, entry: JobEntry, job: Job, resolved: ResolvedConfig) -> None:
        """Makes a job's folder, with its frozen config and a pending record."""
        entry.digest = config_digest(resolved.cfg)
        name = job_name(job.overrides, self.sweep.axes.keys, entry.digest)
        if entry.trial is not None:  # a search may propose the same twice
            name = f"{entry.trial:03}_{name}"
        folder = self.record.folder / name
        if not (folder / NAME).exists():
            if folder.exists() and not is_begun(folder):
                message = "holds files of a run but no run.json; remove it to have the job run anew"
                raise FileExistsError(errno.EEXIST, message, str(folder))
            run = prepare(job, resolved, command=self.command, folder=folder)
            if self.reuse.take(run, resolved):
                update_entry(entry, run, self.record)
        entry.folder = name

    def _task(self, entry: JobEntry, trial: TrialReporter | None) -> JobSpec:
        """A job whose folder is there, for a launcher."""
        assert entry.folder is not None
        folder = (self.record.folder / entry.folder).absolute()
        trainer = read_frozen(folder).trainer
        wants_gpu = trainer.accelerator != "cpu"
        work = RunWork(folder, self.observer, trial)
        return JobSpec(work, devices=int(trainer.devices), wants_gpu=wants_gpu)


class ListedJobs:
    """Every combination of a grid, and what is listed beside it.

    Args:
        folders: Makes the jobs' folders.
        waiting: Entries that are to be run.
        jobs: What each entry was made from, by its overrides.
    """

    def __init__(
        self,
        folders: JobFolders,
        waiting: Iterable[JobEntry],
        jobs: dict[tuple[str, ...], tuple[Job, ResolvedConfig]],
    ) -> None:
        self.folders = folders
        self.waiting = deque(waiting)
        self.jobs = jobs

    def next(self) -> tuple[JobEntry, JobSpec | None] | None:
        if not self.waiting:
            return None
        entry = self.waiting.popleft()
        return entry, self.folders.prepared(entry, lambda: self.jobs[tuple(entry.overrides)])

    def left(self) -> int:
        return len(self.waiting)

    def again(self, entry: JobEntry) -> None:
        self.waiting.append(entry)

    def ended(self, entry: JobEntry) -> None:
        """Nothing: the list is known."""

    def close(self) -> None:
        """Nothing is held."""


class SearchedJobs:
    """Trials that a search proposes, each when there is a place for it.

    A trial is a job, or as many as `sweep.repeat` asks for: it is told when all have ended.

    Args:
        folders: Makes the jobs' folders.
        unfinished: Entries of the trials that an earlier start began and did not end: each is
            then named by `again` or `ended`, or is running.
        trials: Trials of the search.
    """

    def __init__(
        self, folders: JobFolders, unfinished: Iterable[JobEntry], trials: OptunaStudy
    ) -> None:
        self.folders = folders
        self.waiting: deque[JobEntry] = deque()
        self.trials = trials
        self.open: dict[int, list[JobEntry]] = defaultdict(list)
        self._begin(unfinished)

    def next(self) -> tuple[JobEntry, JobSpec | None] | None:
        if self.left() <= 0:
            return None
        if not self.waiting:
            self.waiting += self._asked()
        entry = self.waiting.popleft()
        assert entry.trial is not None
        trial = self.trials.trial(entry.trial)
        try:
            task = self.folders.prepared(entry, lambda: self.folders.composed(entry), trial)
            if entry.state in DONE:
                self.ended(entry)
            return entry, task
        except ConfigError as error:  # its values can't be had
            entry.state, entry.failure = "failed", "config"
            entry.error = {"type": "ConfigError", "message": str(error.problems[0])}
            self.ended(entry)
            return entry, None

    def left(self) -> int:
        return len(self.waiting) + self.trials.left() * self.folders.sweep.axes.num_repeats

    def again(self, entry: JobEntry) -> None:
        self.waiting.append(entry)

    def ended(self, entry: JobEntry) -> None:
        assert entry.trial is not None
        self.open[entry.trial] = [one for one in self.open[entry.trial] if one is not entry]
        if self.open[entry.trial]:
            return
        own = [one for one in self.folders.record.jobs if one.trial == entry.trial]
        found = outcome_of(own, self.folders.sweep.axes.num_repeats)
        values: list[float | None] = found.objective if found.state == "completed" else [None]
        self.trials.tell(entry.trial, values, is_pruned=found.state == "pruned")

    def close(self) -> None:
        self.trials.close()

    def _asked(self) -> list[JobEntry]:
        number, assignment = self.trials.ask()
        repeats = self.folders.sweep.axes.repeats(assignment)
        entries = [JobEntry(overrides=one.overrides(), trial=number) for one in repeats]
        self.folders.record.jobs += entries
        self._begin(entries)
        return entries

    def _begin(self, entries: Iterable[JobEntry]) -> None:
        for entry in entries:
            assert entry.trial is not None
            self.open[entry.trial].append(entry)


def assignment_of(entry: JobEntry) -> Assignment:
    """What is particular to a job, read back."""
    return Assignment(dict(text.split("=", 1) for text in entry.overrides))


def unfinished_trials(record: SweepRecord, trials: OptunaStudy, axes: Axes) -> list[JobEntry]:
    """Entries of the trials that an earlier start began and did not end."""
    entries = {(entry.trial, frozenset(entry.overrides)): entry for entry in record.jobs}
    found = []
    for number, assignment in trials.unfinished():
        for one in axes.repeats(assignment):
            key = number, frozenset(one.overrides())
            if key not in entries:
                entries[key] = JobEntry(overrides=one.overrides(), trial=number)
                record.jobs.append(entries[key])
            found.append(entries[key])
    return found


def folder_of(record: SweepRecord, entry: JobEntry) -> Path:
    """A job's folder."""
    assert entry.folder is not None
    return record.folder / entry.folder
