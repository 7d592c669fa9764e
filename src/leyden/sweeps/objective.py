"""The number by which a sweep compares its jobs, and the configuration that is best by it."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from leyden.formatting import format_number
from leyden.sweeps.failure import failure_of
from leyden.sweeps.record import JobEntry, SweepRecord

if TYPE_CHECKING:
    from leyden.run.record import Record
    from leyden.sweeps.record import Objective

COSTS = ("params", "flops", "seconds")
"""What else than a metric may be an objective."""


def objective_value(objective: "Objective", record: dict[str, Any]) -> float | None:
    """An objective's value for a run; None where it has none.

    Args:
        objective: What is asked for.
        record: Content of the `run.json` of the run.
    """
    if objective.metric in COSTS:
        return _cost(objective.metric, record)
    values = [value for _, value in record["monitored"] if value is not None]
    if objective.metric != record["best"]["metric"] or not values:
        return float_or_none(record["metrics"].get(objective.metric))
    return reduced(values, objective)


def update_entry(entry: JobEntry, run: "Record", record: SweepRecord) -> None:
    """Writes what a job's own record says into the sweep's."""
    content = vars(run)
    entry.state = run.status
    entry.seconds = run.seconds
    entry.error = run.error
    entry.failure = failure_of(content)
    entry.objective = [objective_value(objective, content) for objective in record.objectives]


def reduced(values: list[float], objective: "Objective") -> float:
    """The best or last of the validations' values, or the mean of the last few.

    Args:
        values: At least one value, in the order of time.
        objective: Says which.
    """
    if objective.reduce == "best":
        return min(values) if objective.mode == "min" else max(values)
    last = values[-1:] if objective.reduce == "last" else values[-int(objective.reduce) :]
    return sum(last) / len(last)


def _cost(name: str, record: dict[str, Any]) -> float | None:
    if name == "params":
        return float(record["params"]["total"])
    if name == "flops":
        return float_or_none(record["flops"]["total"])
    return float_or_none(record["train_seconds"])


def float_or_none(value: Any) -> float | None:
    """A number, or None where there is none."""
    return None if value is None else float(value)


@dataclass(frozen=True)
class Best:
    """A configuration and what its completed jobs reached.

    Attributes:
        overrides: What sets it apart, as typed.
        metric: Name of the first objective of the sweep.
        values: Values of the metric, one for each completed job.
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


LEVEL = 0.05
"""Of intervals and tests: what chance alone may give."""


def half_width(values: Sequence[float]) -> float | None:
    """Half the 95 % interval of the mean by Student's t; None for less than two values."""
    from scipy.special import stdtrit  # a part of scipy.stats that is imported at once

    count = len(values)
    if count < 2:
        return None
    return float(stdtrit(count - 1, 1 - LEVEL / 2)) * stdev(values) / math.sqrt(count)
