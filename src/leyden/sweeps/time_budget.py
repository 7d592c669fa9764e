"""A sweep that ends by the clock: what is left of its time goes to the leading configurations."""

import re
import time
from collections import defaultdict
from collections.abc import Mapping
from statistics import fmean

from leyden.config.compose import SweepSettings
from leyden.errors import ConfigError, Problem
from leyden.events import Note
from leyden.sweeps.jobs import JobFolders, Jobs
from leyden.sweeps.launchers import JobSpec
from leyden.sweeps.record import DONE, FAILED, JobEntry

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
NUM_LEADERS = 3
"""Configurations that share the time that is left."""

SEED = "seed"


def seconds_of(text: str, *, key: str) -> float:
    """A time such as `90s`, `30m`, `2h` or `1.5d`, in seconds.

    Args:
        text: The time.
        key: Key under which a problem is reported.

    Raises:
        ConfigError: It is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip())
    if found is None or float(found[1]) == 0:
        raise ConfigError([Problem(key, "must be a time such as 90s, 30m or 2h", text)])
    return float(found[1]) * UNITS[found[2]]


def budget_seconds(settings: SweepSettings) -> float | None:
    """The time of a sweep; None: it has as much as it takes."""
    return None if settings.budget is None else seconds_of(settings.budget, key="sweep.budget")


class TimedJobs:
    """Jobs as long as there is time for another one.

    When all jobs have ended and time is left, the leading configurations of a sweep that repeats
    its jobs over seeds get further seeds, so that their order becomes surer. Jobs that run when the
    time is over are not cut short.

    Args:
        jobs: What the sweep has to do.
        folders: Makes the jobs' folders.
        seconds: Time from now on.
    """

    def __init__(self, jobs: Jobs, folders: JobFolders, *, seconds: float) -> None:
        self.jobs = jobs
        self.folders = folders
        self.ends_at = time.monotonic() + seconds
        self.has_said_so = False

    def next(self) -> tuple[JobEntry, JobSpec | None] | None:
        if not self._has_time():
            self._say_so()
            return None
        found = self.jobs.next()
        return self._further_seed() if found is None else found

    def left(self) -> int:
        return self.jobs.left() if self._has_time() else 0

    def again(self, entry: JobEntry) -> None:
        self.jobs.again(entry)

    def ended(self, entry: JobEntry) -> None:
        self.jobs.ended(entry)

    def close(self) -> None:
        self.jobs.close()

    def _has_time(self) -> bool:
        """Whether a job as long as those before would end in time."""
        entries = self.folders.record.jobs
        known = [entry.seconds for entry in entries if entry.state in DONE and entry.seconds]
        return time.monotonic() + (fmean(known) if known else 0.0) <= self.ends_at

    def _say_so(self) -> None:
        if not self.has_said_so:
            self.has_said_so = True
            self.folders.observer(Note(f"sweep.budget is spent; jobs left: {self.jobs.left()}"))

    def _further_seed(self) -> tuple[JobEntry, JobSpec | None] | None:
        """A job of a leading configuration with a seed that it has not had."""
        record = self.folders.record
        has_ended = all(entry.state in (*DONE, *FAILED) for entry in record.jobs)
        if record.repeated != [SEED] or record.search is not None or not has_ended:
            return None
        leaders = self._leaders()
        if not leaders:
            return None
        entries = min(leaders, key=len)
        values = assignment_values(entries[0])
        seeds = [int(assignment_values(entry)[SEED]) for entry in record.jobs]
        own = {int(assignment_values(entry)[SEED]) for entry in entries}
        free = next(seed for seed in range(min(seeds), max(seeds) + 2) if seed not in own)
        entry = JobEntry([f"{key}={value}" for key, value in {**values, SEED: str(free)}.items()])
        record.jobs.append(entry)
        return entry, self.folders.prepared(entry, lambda: self.folders.composed(entry))

    def _leaders(self) -> list[list[JobEntry]]:
        """The jobs of the configurations with the best means."""
        record = self.folders.record
        groups: dict[tuple[str, ...], list[JobEntry]] = defaultdict(list)
        for entry in record.jobs:
            kept = [text for text in entry.overrides if text.partition("=")[0] != SEED]
            groups[tuple(kept)].append(entry)
        sign = record.objectives[0].sign
        scored = []
        for entries in groups.values():
            values = [e.objective[0] for e in entries if e.state == "completed" and e.objective]
            known = [value for value in values if value is not None]
            if known:
                scored.append((sign * fmean(known), entries))
        scored.sort(key=lambda pair: pair[0])
        return [entries for _, entries in scored[:NUM_LEADERS]]


def assignment_values(entry: JobEntry) -> Mapping[str, str]:
    """What is particular to a job, by key."""
    return dict(text.split("=", 1) for text in entry.overrides)
