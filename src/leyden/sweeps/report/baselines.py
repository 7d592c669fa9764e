"""What simple methods reach on the same data, beside the best configuration."""

from collections.abc import Iterable
from statistics import fmean

from leyden.baselines.baseline import Baseline
from leyden.baselines.judgement import Standing, baselines_in, standing
from leyden.config.test_part import is_of_test_part
from leyden.sweeps.report.jobs import JobResult, finite
from leyden.sweeps.report.results import Configuration, Results

TELLING = (
    *("acc", "balanced_acc", "auroc", "f1", "rmse", "mae", "r2", "bpb", "ppl", "loss"),
    *("precision", "recall", "top5"),
)
"""Last words of test metrics, those that say most first."""


def baselines_of(jobs: Iterable[JobResult]) -> list[Baseline]:
    """The baselines of some jobs, each name once; earlier versions have none."""
    return baselines_in(entry for job in jobs for entry in job.run.get("baselines") or [])


def standing_of(results: Results, best: Configuration) -> Standing | None:
    """How a configuration stands to the baselines of its data; None where there are none."""
    objective, found = results.objective, baselines_of(best.completed)
    means = {name: metric_mean(best, name) for name in shown_test_metrics(best)}
    intervals = {name: ends for name in means if (ends := mean_interval(best, name)) is not None}
    return standing(
        {**means, objective.metric: fmean(best.scores)},
        intervals,
        found,
        monitor=objective.metric,
    )


def mean_interval(configuration: Configuration, metric: str) -> tuple[float, float] | None:
    """The mean ends of a test metric's intervals; None where a job has none."""
    found = [(job.run.get("intervals") or {}).get(metric) for job in configuration.completed]
    known = [interval for interval in found if interval is not None and None not in interval]
    if not known or len(known) < len(found):
        return None
    return fmean(low for low, _ in known), fmean(high for _, high in known)


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
