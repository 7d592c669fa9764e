"""The best configuration of a sweep: jobs that differ only in what is repeated are one."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean

from leyden.sweeps.interval import half_width
from leyden.sweeps.record import JobEntry, SweepRecord
from leyden.terminal import format_number


@dataclass(frozen=True)
class Best:
    """A configuration and what its completed jobs reached.

    Attributes:
        overrides: What sets it apart, as typed.
        metric: The sweep's first objective.
        values: Of it, one for each completed job.
        missing: Jobs of it that did not complete.
    """

    overrides: list[str]
    metric: str
    values: list[float]
    missing: int = 0

    @property
    def mean(self) -> float:
        """Of the values."""
        return fmean(self.values)

    @property
    def score(self) -> str:
        """`val/loss 0.12 ± 0.03`, or without the interval where there is a single job."""
        half = half_width(self.values)
        noise = "" if half is None else f" ± {half:.2g}"
        return f"{self.metric} {format_number(self.mean)}{noise}"

    @property
    def basis(self) -> str:
        """What the score is of."""
        count = len(self.values)
        mean = "one job" if count == 1 else f"mean and 95 % interval of {count} jobs"
        return f"{mean}, {self.missing} more not completed" if self.missing else mean


def best_configuration(record: SweepRecord) -> Best | None:
    """The configuration with the best mean of the first objective over its completed jobs."""
    groups: dict[tuple[str, ...], list[JobEntry]] = defaultdict(list)
    for entry in record.jobs:
        kept = [text for text in entry.overrides if text.partition("=")[0] not in record.repeated]
        groups[tuple(kept)].append(entry)
    objective = record.objectives[0]
    found = []
    for overrides, entries in groups.items():
        done = [entry for entry in entries if entry.state == "completed" and entry.objective]
        values = [value for entry in done if (value := entry.objective[0]) is not None]
        if values:
            missing = len(entries) - len(values)
            found.append(Best(list(overrides), objective.metric, values, missing))
    return min(found, key=lambda one: objective.sign * one.mean, default=None)


def best_pruned(record: SweepRecord) -> JobEntry | None:
    """The job that had the best value when a search pruned it."""
    sign = record.objectives[0].sign
    pruned = [
        (entry.objective[0], entry)
        for entry in record.jobs
        if entry.state == "pruned" and entry.objective
    ]
    valued = [(value, entry) for value, entry in pruned if value is not None]
    return min(valued, key=lambda pair: sign * pair[0], default=(None, None))[1]
