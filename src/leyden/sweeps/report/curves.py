"""Learning curves: the monitored metric by step, mean and spread over the repeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from leyden.sweeps.objective import half_width
from leyden.sweeps.report.jobs import JobResult
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import (
    MOST_CURVES,
    STEEP,
    add_legend,
    is_logarithmic,
    label_plainly,
    line_style,
    new_figure,
    tidy,
)

Row = tuple[float, ...]
FEWEST_TO_CUT = 4
FIRST_PART = 0.25
"""Share of a curve's steps that does not decide the vertical range."""


@dataclass(frozen=True)
class MeanCurve:
    """The curves of a configuration's completed jobs, at the steps that all of them have.

    Attributes:
        configuration: Configuration whose runs they are.
        steps: Ascending.
        values: For each step the repeats' values.
    """

    configuration: Configuration
    steps: list[int]
    values: list[Row]

    @property
    def mean(self) -> Row:
        """At each step."""
        return tuple(float(np.mean(row)) for row in self.values)

    @property
    def range(self) -> tuple[Row, Row]:
        """Least and greatest value at each step."""
        return tuple(map(min, self.values)), tuple(map(max, self.values))

    @property
    def band(self) -> tuple[Row, Row] | None:
        """Ends of the mean's 95 % interval; the range of two repeats; None for one."""
        repeats = len(self.values[0])
        if repeats < 2:
            return None
        if repeats == 2:
            return self.range
        halves = [half_width(row) or 0.0 for row in self.values]
        pairs = list(zip(self.mean, halves, strict=True))
        return tuple(mean - half for mean, half in pairs), tuple(
            mean + half for mean, half in pairs
        )


def mean_curves(configurations: Sequence[Configuration]) -> list[MeanCurve]:
    """The curves of those configurations whose repeats have steps in common."""
    found = []
    for configuration in configurations:
        runs = [job.monitored for job in configuration.completed]
        steps = sorted(set.intersection(*(set(run) for run in runs)))
        if steps:
            values = [tuple(run[step] for run in runs) for step in steps]
            found.append(MeanCurve(configuration, steps, values))
    return found


def monitored_name(results: Results) -> str:
    """Name of the metric that the runs monitored."""
    names = [(job.run.get("best") or {}).get("metric") for job in results.jobs]
    return next((name for name in names if name), results.objective.metric)


def pruned_jobs(results: Results) -> dict[str, list[JobResult]]:
    """By state the jobs that were validated and did not complete: pruned, diverged and others."""
    found: dict[str, list[JobResult]] = {}
    for job in results.jobs:
        if job.monitored and job.entry.state not in ("completed", "pending", "running"):
            found.setdefault(job.entry.state, []).append(job)
    return found


def vertical_range(
    results: Results, found: list[MeanCurve]
) -> tuple[float, float, Literal["log", "linear"], int]:
    """The vertical range that shows the later part of the curves, which the first values exceed.

    The later part is what follows the first quarter of a curve's steps, of the completed jobs' mean
    curves and their ranges, or where there are none, of all jobs; with it count the last values of
    the better half of the pruned and failed jobs. Of it the good end is shown whole; the bad end is
    cut three interquartile ranges beyond the quartile.

    Returns:
        The ends, whether the axis is logarithmic, and how many values of jobs lie outside. Both
        ends are 0 where there is no value.
    """
    of_jobs = [job for jobs in pruned_jobs(results).values() for job in jobs]
    grey = [job.monitored for job in of_jobs]
    lines = [dict(zip(curve.steps, curve.mean, strict=True)) for curve in found]
    bands = [value for curve in found for row in curve.values for value in row]
    later = [value for line in lines or grey for value in _later(line)]
    ranges = [dict(zip(curve.steps, row, strict=True)) for curve in found for row in curve.range]
    later += [value for line in ranges for value in _later(line)]
    last = sorted((list(line.values())[-1] for line in grey), reverse=results.objective.sign < 0)
    last = last[: (len(last) + 1) // 2]  # the better half of what was cut short
    later += last
    everything = [*bands, *(value for line in grey for value in line.values())]
    if not later:
        return 0.0, 0.0, "linear", 0
    kind: Literal["log", "linear"] = "log" if is_logarithmic(later, ratio=STEEP) else "linear"
    values = np.log10(later) if kind == "log" else np.asarray(later)
    low, high = float(values.min()), float(values.max())
    first, third = np.quantile(values, [0.25, 0.75])
    fence = 3 * float(third - first)
    good = results.objective.sign if results.objective.metric == monitored_name(results) else 0
    if good >= 0 and fence:
        high = min(high, float(third) + fence)
    if good <= 0 and fence:
        low = max(low, float(first) - fence)
    kept = np.log10(last) if kind == "log" and min(last, default=0) > 0 else np.asarray(last)
    low, high = min([low, *kept]), max([high, *kept])
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - margin, high + margin
    if kind == "log":
        low, high = 10**low, 10**high
    return low, high, kind, sum(not low <= value <= high for value in everything)


def _later(line: dict[int, float]) -> list[float]:
    """The values of a curve without its first part; all of a curve that has only a few."""
    if len(line) < FEWEST_TO_CUT:
        return list(line.values())
    first = min(line) + FIRST_PART * (max(line) - min(line))
    return [value for step, value in line.items() if step >= first]


def draw_curves(results: Results, found: list[MeanCurve]) -> Figure:
    """The best configurations' curves; with those of pruned and failed jobs behind them."""
    figure = new_figure(5.2)
    axes = figure.subplots()
    for state, jobs in pruned_jobs(results).items():
        marker = ".-" if state == "pruned" else "x:"
        for place, job in enumerate(jobs):
            name = "" if place else state
            x, y = list(job.monitored), list(job.monitored.values())
            axes.plot(x, y, marker, color="0.6", linewidth=0.7, markersize=4, zorder=1, label=name)
    for place, curve in enumerate(found[:MOST_CURVES]):
        style = line_style(place)
        every = max(1, len(curve.steps) // 8)  # so that the dashes can be seen between the markers
        axes.plot(
            curve.steps, curve.mean, label=curve.configuration.label, markevery=every, **style
        )
        axes.fill_between(curve.steps, *curve.range, color=style["color"], alpha=0.12, linewidth=0)
    low, high, kind, _ = vertical_range(results, found)
    if kind == "log":
        axes.set_yscale("log")
        label_plainly(axes.yaxis, (2, 3, 5))
    if low < high:
        axes.set_ylim(low, high)
    axes.set_xlabel("optimizer step")
    axes.set_ylabel(monitored_name(results))
    tidy(axes)
    add_legend(figure, axes)
    return figure
