"""What simple methods reach on the same data, beside the best configuration."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from leyden.formatting import format_number
from leyden.sweeps.report.jobs import JobResult, finite
from leyden.sweeps.report.results import Configuration, Results

DIRECTIONS = {
    **dict.fromkeys(("acc", "f1", "precision", "recall", "top5", "r2", "auroc"), "max"),
    **dict.fromkeys(("mae", "rmse", "mse", "loss", "bits_per_byte", "bpb", "perplexity"), "min"),
}
"""Whether less or more is better, by the last word of a metric, those that say most first."""


@dataclass(frozen=True)
class Baseline:
    """A simple method, trained on the same data.

    Attributes:
        name: Name of the method.
        is_trivial: Whether it looks at the targets alone.
        metrics: Its metrics, named as those of a run.
        seconds: Seconds that it took; None where that is not known.
    """

    name: str
    is_trivial: bool
    metrics: dict[str, float]
    seconds: float | None


@dataclass(frozen=True)
class Standing:
    """The best configuration beside the baselines, by one metric.

    Attributes:
        metric: Name of the metric.
        mode: Whether less or more of it is better.
        value: Mean of the configuration's jobs.
        baselines: Baselines that have the metric, the best first.
    """

    metric: str
    mode: str
    value: float
    baselines: list[Baseline]


def baselines_of(jobs: Iterable[JobResult]) -> list[Baseline]:
    """The baselines of some jobs, each name once; an entry that is none is passed over."""
    found: dict[str, Baseline] = {}
    for job in jobs:
        listed = job.run.get("baselines")
        for entry in listed if isinstance(listed, list) else []:
            one = _baseline(entry)
            if one is not None:
                found.setdefault(one.name, one)
    return list(found.values())


def standing(results: Results, best: Configuration) -> Standing | None:
    """How a configuration stands beside the baselines of its data; None where there are none."""
    found = baselines_of(best.completed)
    objective = results.objective
    for metric, mode in [*_test_metrics(best), (objective.metric, objective.mode)]:
        value = metric_mean(best, metric)
        with_it = [one for one in found if metric in one.metrics]
        if value is not None and with_it:
            sign = 1 if mode == "min" else -1
            ranked = sorted(with_it, key=lambda one, m=metric, s=sign: s * one.metrics[m])  # type: ignore[misc]
            return Standing(metric, mode, value, ranked)
    return None


def standing_words(results: Results, best: Configuration) -> str:
    """A sentence on the best and the trivial baseline; says so where there are none."""
    found = standing(results, best)
    if found is None:
        return ""
    metric = found.metric
    clever = [one for one in found.baselines if not one.is_trivial]
    trivial = [one for one in found.baselines if one.is_trivial]
    sign = 1 if found.mode == "min" else -1
    parts = []
    for one, kind in [
        *((one, "best") for one in clever[:1]),
        *((one, "trivial") for one in trivial[:1]),
    ]:
        value = one.metrics[metric]
        distance = sign * (value - found.value)
        word = "better than" if distance > 0 else "worse than" if distance < 0 else "the same as"
        amount = f"{format_number(abs(distance))} " if distance else ""
        parts.append(f"{amount}{word} the {kind} baseline, {one.name} ({format_number(value)})")
    return f"With {metric} {format_number(found.value)} it is {', and '.join(parts)}."


def metric_mean(configuration: Configuration, metric: str) -> float | None:
    """The mean of a metric over completed jobs; the objective's own by its scores."""
    values = metric_values(configuration, metric)
    return fmean(values) if values else None


def metric_values(configuration: Configuration, metric: str) -> list[float]:
    """A metric's values of completed jobs; empty where one of them lacks it."""
    found = [finite((job.run.get("metrics") or {}).get(metric)) for job in configuration.completed]
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) else []


def shown_test_metrics(configuration: Configuration) -> list[str]:
    """Names of the test metrics that all of its jobs have, those that say most first."""
    return [metric for metric, _ in _test_metrics(configuration)]


def _test_metrics(configuration: Configuration) -> list[tuple[str, str]]:
    names = {
        name
        for job in configuration.completed
        for name in job.run.get("metrics") or {}
        if name.startswith("test/") and metric_values(configuration, name)
    }
    known = [f"test/{word}" for word in DIRECTIONS]
    return [(name, DIRECTIONS[name.removeprefix("test/")]) for name in known if name in names]


def _baseline(entry: Any) -> Baseline | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None
    metrics = entry.get("metrics")
    numbers = {
        str(name): number
        for name, value in (metrics if isinstance(metrics, dict) else {}).items()
        if (number := finite(value)) is not None
    }
    is_trivial = entry.get("is_trivial") is True
    return Baseline(entry["name"], is_trivial, numbers, finite(entry.get("seconds")))
