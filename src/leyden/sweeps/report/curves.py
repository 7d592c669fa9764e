"""Learning curves: the monitored metric by step, mean and spread over the repeats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from leyden.sweeps.objective import half_width
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import (
    MOST_CURVES,
    add_legend,
    line_style,
    new_figure,
    scale_objective,
    tidy,
)

Row = tuple[float, ...]


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


def draw_curves(results: Results, found: list[MeanCurve]) -> Figure:
    """The best configurations' curves; with those of pruned jobs behind them."""
    figure = new_figure(5.2)
    axes = figure.subplots()
    pruned = [job.monitored for job in results.jobs if job.entry.state == "pruned"]
    for place, run in enumerate(run for run in pruned if run):
        name = "" if place else "pruned"
        x, y = list(run), list(run.values())
        axes.plot(x, y, ".-", color="0.7", linewidth=0.7, markersize=3, zorder=1, label=name)
    for place, curve in enumerate(found[:MOST_CURVES]):
        style = line_style(place)
        every = max(1, len(curve.steps) // 8)  # so that the dashes can be seen between the markers
        axes.plot(
            curve.steps, curve.mean, label=curve.configuration.label, markevery=every, **style
        )
        axes.fill_between(curve.steps, *curve.range, color=style["color"], alpha=0.12, linewidth=0)
    shown = [curve.mean for curve in found] or [tuple(run.values()) for run in pruned]
    scale_objective(axes, (value for values in shown for value in values))
    axes.set_xlabel("optimizer step")
    axes.set_ylabel(monitored_name(results))
    tidy(axes)
    add_legend(figure, axes)
    return figure
