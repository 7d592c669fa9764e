"""What simple methods reach on the same data, beside the best configuration."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from leyden.baselines.judgement import LESS_IS_BETTER, compared_metric
from leyden.config.test_part import is_of_test_part
from leyden.formatting import format_number
from leyden.sweeps.report.jobs import JobResult, finite
from leyden.sweeps.report.results import Configuration, Results

TELLING = (
    *("acc", "balanced_acc", "auroc", "f1", "rmse", "mae", "r2", "bpb", "ppl", "loss"),
    *("precision", "recall", "top5"),
)
"""Last words of test metrics, those that say most first."""


@dataclass(frozen=True)
class Baseline:
    """A simple method, trained on the same data.

    Attributes:
        name: Name of the method.
        is_trivial: Whether it looks at the targets alone.
        metrics: Its metrics, named as those of a run.
    """

    name: str
    is_trivial: bool
    metrics: dict[str, float]


@dataclass(frozen=True)
class Standing:
    """The best configuration beside the baselines, by one metric.

    Attributes:
        metric: Name of the metric.
        sign: 1 where less of it is better, -1 where more is.
        value: Mean of the configuration's jobs.
        baselines: Baselines that have the metric, the best first.
        interval: Mean 95 % interval over the samples of the test part; None: not known.
    """

    metric: str
    sign: int
    value: float
    baselines: list[Baseline]
    interval: tuple[float, float] | None = None

    @property
    def is_vain(self) -> bool:
        """Whether a trivial baseline is as good or better."""
        values = [one.metrics[self.metric] for one in self.baselines if one.is_trivial]
        sign, least = self.sign, 1e-9 * abs(self.value)
        return any(sign * value <= sign * self.value + least for value in values)


def baselines_of(jobs: Iterable[JobResult]) -> list[Baseline]:
    """The baselines of some jobs, each name once; earlier versions have none."""
    found: dict[str, Baseline] = {}
    for job in jobs:
        for entry in job.run.get("baselines") or []:
            numbers = {name: finite(value) for name, value in entry["metrics"].items()}
            metrics = {name: number for name, number in numbers.items() if number is not None}
            one = Baseline(entry["name"], entry["is_trivial"], metrics)
            found.setdefault(one.name, one)
    return list(found.values())


def standing(results: Results, best: Configuration) -> Standing | None:
    """How a configuration stands beside the baselines of its data; None where there are none."""
    found, objective = baselines_of(best.completed), results.objective
    trivial = [{"metrics": one.metrics} for one in found if one.is_trivial]
    means = {name: metric_mean(best, name) for name in shown_test_metrics(best)}
    metric = compared_metric(means, trivial, objective.metric)
    if metric is None:
        metric, mode, value = objective.metric, objective.mode, fmean(best.scores)
    else:
        mode = "min" if metric.removeprefix("test/") in LESS_IS_BETTER else "max"
        value = means[metric] or 0.0
    sign = 1 if mode == "min" else -1
    pairs = [(sign * one.metrics[metric], one) for one in found if metric in one.metrics]
    ranked = [one for _, one in sorted(pairs, key=lambda pair: pair[0])]
    interval = mean_interval(best, metric)
    return Standing(metric, sign, value, ranked, interval) if ranked else None


def mean_interval(configuration: Configuration, metric: str) -> tuple[float, float] | None:
    """The mean ends of a test metric's intervals; None where a job has none."""
    found = [(job.run.get("intervals") or {}).get(metric) for job in configuration.completed]
    known = [interval for interval in found if interval is not None and None not in interval]
    if not known or len(known) < len(found):
        return None
    return fmean(low for low, _ in known), fmean(high for _, high in known)


def standing_words(found: Standing) -> str:
    """A sentence on the best and the trivial baseline."""
    metric, sign = found.metric, found.sign
    clever = [one for one in found.baselines if not one.is_trivial]
    trivial = [one for one in found.baselines if one.is_trivial]
    parts = []
    for one, kind in [
        *((one, "best") for one in clever[:1]),
        *((one, "trivial") for one in trivial[:1]),
    ]:
        value = one.metrics[metric]
        distance = sign * (value - found.value)
        distance = 0.0 if math.isclose(value, found.value, rel_tol=1e-9) else distance
        word = "better than" if distance > 0 else "worse than" if distance < 0 else "the same as"
        amount = f"{format_number(abs(distance))} " if distance else ""
        is_within = found.interval and found.interval[0] <= value <= found.interval[1]
        noise = "; the test part is too small to tell them apart" if distance and is_within else ""
        shown = f"{format_number(value)}{noise}"
        parts.append(f"{amount}{word} the {kind} baseline, {one.name} ({shown})")
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
    names = {
        name
        for job in configuration.completed
        for name in job.run.get("metrics") or {}
        if is_of_test_part(name) and metric_values(configuration, name)
    }
    places = {word: place for place, word in enumerate(TELLING)}
    return sorted(names, key=lambda name: (places.get(name[len("test/") :], len(places)), name))
