"""A sweep's results: its jobs, and its configurations with the repeats folded."""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean

from leyden.sweeps.record import Objective, SweepRecord
from leyden.sweeps.report.jobs import JobResult, label, levels, read_jobs, short_names


@dataclass(frozen=True)
class Configuration:
    """Jobs that differ in nothing but their repeated keys, such as the seed.

    Attributes:
        label: What sets it apart, short.
        values: Value of each key, as it was typed.
        jobs: All of them, completed or not.
        rank: Place among all, from 1, see `Results`.
    """

    label: str
    values: dict[str, str]
    jobs: list[JobResult]
    rank: int = 0

    @property
    def completed(self) -> list[JobResult]:
        """Jobs that have a value of the main objective."""
        return [job for job in self.jobs if job.score is not None]

    @property
    def scores(self) -> list[float]:
        """Values of the main objective."""
        return [job.score for job in self.jobs if job.score is not None]

    @property
    def mean(self) -> float:
        """Of the scores, of which there must be one."""
        return fmean(self.scores)

    @property
    def pruned(self) -> list[JobResult]:
        """Jobs that a search ended early, at a value of the main objective."""
        return [job for job in self.jobs if job.is_pruned]

    @property
    def reached(self) -> float:
        """The mean of the scores; where no job completed, of the values of the pruned ones."""
        return self.mean if self.scores else fmean(job.reached or 0.0 for job in self.pruned)

    def mean_cost(self, name: str) -> float | None:
        """Mean of a cost over completed jobs, or else over pruned ones; None: not known."""
        return known_mean([job.cost(name) for job in self.completed or self.pruned])

    def mean_objective(self, place: int) -> float | None:
        """Mean of an objective over completed jobs; None where it is not known."""
        return known_mean([job.objective(place) for job in self.completed])


@dataclass(frozen=True)
class Results:
    """What a report is made of.

    Attributes:
        record: Record of the sweep.
        jobs: All of them.
        names: Short names of the axes that are not folded away, by key.
        configurations: The best first, then those whose jobs were all pruned, those without any
            value last.
    """

    record: SweepRecord
    jobs: list[JobResult]
    names: dict[str, str]
    configurations: list[Configuration]

    @cached_property
    def all_names(self) -> dict[str, str]:
        """Short names of all axes, also of those that are folded away."""
        return short_names(dict.fromkeys(key for job in self.jobs for key in job.values))

    @property
    def objective(self) -> Objective:
        """The main one."""
        return self.record.objectives[0]

    @property
    def scored(self) -> list[Configuration]:
        """Configurations with a score, the best first."""
        return [configuration for configuration in self.configurations if configuration.scores]

    @property
    def pruned(self) -> list[Configuration]:
        """Configurations of which no job completed and some were pruned, the best value first."""
        return [one for one in self.configurations if one.pruned and not one.scores]

    @property
    def completed(self) -> list[JobResult]:
        """Jobs with a score."""
        return [job for job in self.jobs if job.score is not None]

    @property
    def valued(self) -> list[JobResult]:
        """Jobs with a score, and those that were pruned at some value."""
        return [job for job in self.jobs if job.reached is not None]

    def common_axes(self, jobs: list[JobResult]) -> list[str]:
        """Axes that every one of some jobs has, and in which they differ."""
        shared = [axis for axis in self.names if all(axis in job.values for job in jobs)]
        return [axis for axis in shared if len(set(levels(jobs, axis))) > 1]


def read_results(folder: Path) -> Results:
    """The results in a sweep's folder."""
    record = SweepRecord.read(folder)
    jobs = read_jobs(record)
    names = short_names(key for key in record.axes if key not in record.repeated)
    return Results(record, jobs, names, _configurations(record, jobs, names))


def known_mean(values: list[float | None]) -> float | None:
    """The mean; None where a value is missing."""
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _configurations(
    record: SweepRecord, jobs: list[JobResult], names: dict[str, str]
) -> list[Configuration]:
    groups: dict[tuple[tuple[str, str], ...], list[JobResult]] = defaultdict(list)
    for job in jobs:
        kept = [(key, text) for key, text in job.values.items() if key not in record.repeated]
        groups[tuple(kept)].append(job)
    sign = record.objectives[0].sign
    found = [
        Configuration(label(dict(key), names), dict(key), jobs) for key, jobs in groups.items()
    ]
    valued = [c for c in found if c.scores or c.pruned]
    ranked = sorted(valued, key=lambda c: (not c.scores, sign * c.reached))
    ranked += [c for c in found if not (c.scores or c.pruned)]
    return [replace(configuration, rank=rank) for rank, configuration in enumerate(ranked, 1)]
