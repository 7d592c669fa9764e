"""The objective against a swept number: where its best value lies, and whether that is an edge."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leyden.sweeps.objective import half_width
from leyden.sweeps.report.jobs import NO_FAILURE, UNTRIED, JobResult, as_number, label
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import (
    MOST_CURVES,
    PRUNED,
    add_legend,
    is_logarithmic,
    label_plainly,
    line_style,
    new_figure,
    scale_objective,
    tidy,
)

FEWEST_VALUES = 3
NEARLY = 0.05
"""Share of the tried range that counts as its edge: a search seldom hits the very end."""


@dataclass(frozen=True)
class Curve:
    """Configurations that differ in one axis only.

    Attributes:
        label: What they share.
        points: The axis' value and the configuration, from left to right.
    """

    label: str
    points: list[tuple[float, Configuration]]

    @property
    def best(self) -> tuple[float, Configuration]:
        """The point of the best mean."""
        return self.points[0]


def numeric_axes(results: Results) -> dict[str, list[float]]:
    """Axes of numbers with enough values for a curve, and the values that were tried."""
    found = {}
    for axis in results.names:
        texts = [job.values[axis] for job in results.jobs if axis in job.values]
        numbers = [number for number in map(as_number, texts) if number is not None]
        if len(numbers) == len(texts) and len(set(numbers)) >= FEWEST_VALUES:
            tried = {
                float(job.values[axis])
                for job in results.jobs
                if axis in job.values and job.entry.state not in UNTRIED
            }
            found[axis] = sorted(tried)
    return found


def curves(results: Results, axis: str) -> list[Curve]:
    """A curve for each combination of the other axes, that of the best point first.

    The points of a curve are in the order of their means, the best first.
    """
    others = {key: name for key, name in results.names.items() if key != axis}
    groups: dict[str, list[tuple[float, Configuration]]] = defaultdict(list)
    for configuration in results.scored:
        if axis in configuration.values:
            point = float(configuration.values[axis]), configuration
            groups[label(configuration.values, others)].append(point)
    return [Curve(name, points) for name, points in groups.items()]


def pruned_points(results: Results, axis: str) -> list[tuple[float, JobResult]]:
    """The axis' value of each job that was pruned, and the job."""
    jobs = [job for job in results.jobs if job.is_pruned and axis in job.values]
    return [(float(job.values[axis]), job) for job in jobs]


def failed_points(results: Results, axis: str) -> dict[str, list[JobResult]]:
    """By state the jobs that have the axis and failed, so that they have no value."""
    found: dict[str, list[JobResult]] = {}
    for job in sorted(results.jobs, key=lambda job: job.entry.state):
        if axis in job.values and job.entry.state not in NO_FAILURE | UNTRIED:
            found.setdefault(job.entry.state, []).append(job)
    return found


def edge(value: float, tried: Sequence[float]) -> str | None:
    """What is to be said of a value at an end of the range that was tried.

    Args:
        value: One of `tried`.
        tried: Values that were tried, in ascending order.
    """
    scaled, low, high = value, tried[0], tried[-1]
    if is_logarithmic(tried):
        scaled, low, high = math.log(value), math.log(low), math.log(high)
    if min(scaled - low, high - scaled) > NEARLY * (high - low):
        return None
    nearly = "" if value in (tried[0], tried[-1]) else "nearly "
    return nearly + ("the smallest" if scaled - low < high - scaled else "the largest")


def edge_warnings(results: Results, axis: str, tried: Sequence[float]) -> list[str]:
    """Warnings where the best value of an axis lies on the edge of what was tried."""
    found, warnings = curves(results, axis), []
    if not found or len(tried) < FEWEST_VALUES:
        return []
    where = edge(found[0].best[0], tried)
    if where:
        warnings.append(
            f"The best {axis} is {where} tried ({found[0].best[0]:g}): widen the range."
        )
    # A comparison of, say, optimizers is fair only if each of them has its best inside the range.
    lines = [curve for curve in found if len(curve.points) >= FEWEST_VALUES]
    others = [f"{c.label} ({c.best[0]:g})" for c in lines[1:] if edge(c.best[0], tried)]
    if others:
        warnings.append(f"On an edge lies the best {axis} also of: {'; '.join(others)}.")
    return warnings


def is_scattered(found: list[Curve]) -> bool:
    """Whether most curves would be single points, as in a search over several numbers."""
    return sum(len(curve.points) for curve in found) < 2 * len(found)


def draw_basin(results: Results, axis: str, tried: Sequence[float]) -> Figure:
    """The objective against an axis."""
    found = curves(results, axis)
    figure = new_figure(4.6)
    axes = figure.subplots()
    if found and is_scattered(found):
        points = [point for curve in found for point in curve.points]
        scores = [configuration.mean for _, configuration in points]
        axes.plot([x for x, _ in points], scores, "o", color="0.35", alpha=0.8, label="completed")
    else:
        for place, curve in enumerate(found[:MOST_CURVES]):
            _draw_curve(axes, curve, place)
    if found:
        x, best = found[0].best
        axes.plot(
            [x],
            [best.mean],
            "*",
            color="gold",
            markeredgecolor="black",
            markersize=17,
            zorder=5,
            label="best",
        )
    pruned = pruned_points(results, axis)
    if pruned:
        reached = [job.reached or 0.0 for _, job in pruned]
        axes.plot([x for x, _ in pruned], reached, label="pruned", **PRUNED)
    if is_logarithmic(tried):
        axes.set_xscale("log")
        label_plainly(axes.xaxis, (2, 5))
    scale_objective(axes, (one.reached for one in results.scored + results.pruned))
    _draw_failures(axes, results, axis)
    axes.set_xlabel(axis)
    axes.set_ylabel(results.objective.metric)
    tidy(axes)
    add_legend(figure, axes)
    return figure


def _draw_curve(axes: Axes, curve: Curve, place: int) -> None:
    points = sorted(curve.points, key=lambda point: point[0])
    means = [configuration.mean for _, configuration in points]
    errors = [half_width(configuration.scores) or 0.0 for _, configuration in points]
    x = [value for value, _ in points]
    axes.errorbar(x, means, errors, label=curve.label, capsize=3, **line_style(place))


def _draw_failures(axes: Axes, results: Results, axis: str) -> None:
    """Crosses on the bad side, for jobs that have no value there."""
    height = 0.98 if results.objective.mode == "min" else 0.02
    for (state, jobs), marker in zip(failed_points(results, axis).items(), "x+1234", strict=False):
        axes.plot(
            [float(job.values[axis]) for job in jobs],
            [height] * len(jobs),
            marker,
            color="black",
            markersize=8,
            transform=axes.get_xaxis_transform(),
            label=state,
        )
