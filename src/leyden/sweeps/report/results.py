"""A sweep's results: its jobs, and its configurations with the repeats folded."""

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from leyden.sweeps.record import Objective, SweepRecord
from leyden.sweeps.report.jobs import Job, levels, read_jobs
from leyden.sweeps.report.labels import label, short_names


@dataclass(frozen=True)
class Configuration:
    """Jobs that differ in nothing but their repeated keys, such as the seed.

    Attributes:
        label: What sets it apart, short.
        values: By key, as typed.
        jobs: All of them, completed or not.
        rank: Place among all by the mean, from 1; those without a score come last.
    """

    label: str
    values: dict[str, str]
    jobs: list[Job]
    rank: int = 0

    @property
    def completed(self) -> list[Job]:
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

    def mean_cost(self, name: str) -> float | None:
        """Mean of a cost over completed jobs; None where it is not known."""
        return known_mean([job.cost(name) for job in self.completed])

    def mean_objective(self, place: int) -> float | None:
        """Mean of an objective over completed jobs; None where it is not known."""
        return known_mean([job.objective(place) for job in self.completed])


@dataclass(frozen=True)
class Results:
    """What a report is made of.

    Attributes:
        record: The sweep's.
        jobs: All of them.
        names: Short names of the axes that are not folded away, by key.
        configurations: The best first, those without a score last.
    """

    record: SweepRecord
    jobs: list[Job]
    names: dict[str, str]
    configurations: list[Configuration]

    @property
    def objective(self) -> Objective:
        """The main one."""
        return self.record.objectives[0]

    @property
    def scored(self) -> list[Configuration]:
        """Configurations with a score, the best first."""
        return [configuration for configuration in self.configurations if configuration.scores]

    @property
    def completed(self) -> list[Job]:
        """Jobs with a score."""
        return [job for job in self.jobs if job.score is not None]

    @property
    def common_axes(self) -> list[str]:
        """Axes that every completed job has, and in which they differ."""
        jobs = self.completed
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
    record: SweepRecord, jobs: list[Job], names: dict[str, str]
) -> list[Configuration]:
    groups: dict[tuple[tuple[str, str], ...], list[Job]] = defaultdict(list)
    for job in jobs:
        kept = [(key, text) for key, text in job.values.items() if key not in record.repeated]
        groups[tuple(kept)].append(job)
    sign = record.objectives[0].sign
    found = [
        Configuration(label(dict(key), names), dict(key), jobs) for key, jobs in groups.items()
    ]
    scored = sorted((c for c in found if c.scores), key=lambda c: sign * c.mean)
    ranked = scored + [c for c in found if not c.scores]
    return [replace(configuration, rank=rank) for rank, configuration in enumerate(ranked, 1)]
