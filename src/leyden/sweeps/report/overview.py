"""The answer's picture: the best configurations with their jobs, their intervals, the baselines."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from leyden.baselines.baseline import Baseline
from leyden.formatting import format_number
from leyden.sweeps.objective import half_width
from leyden.sweeps.report.baselines import baselines_of
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import (
    PRUNED,
    STEEP,
    add_legend,
    is_logarithmic,
    label_plainly,
    new_figure,
    shortened,
    tidy,
)

MOST_ROWS = 12
MOST_ROOM = 2.0
"""Of the picture beside the jobs, in their spread, that a baseline may take."""


def overview_rows(results: Results) -> list[Configuration]:
    """The best configurations, then the best of those whose jobs were all pruned."""
    return [*results.scored, *results.pruned][:MOST_ROWS]


def overview_caption(results: Results) -> str:
    """What the picture shows."""
    rows, count = overview_rows(results), len(results.configurations)
    shown = (
        f"the {len(rows)} best of {count} configurations"
        if len(rows) < count
        else ("the configurations" if count > 1 else "the configuration")
    )
    caption = f"{results.objective.metric} of {shown}, the best at the top: jobs (dots), means"
    caption += " (diamonds)"
    if any(half_width(one.scores) is not None for one in rows):
        caption += " with 95 % intervals"
    if any(not one.scores for one in rows):
        caption += ", pruned jobs where they were stopped (rings)"
    near, far = near_and_far_baselines(results, rows)
    if near:
        caption += ", baselines (dotted lines)"
    if far:
        named = ", ".join(
            f"{one.name} {format_number(one.metrics[results.objective.metric])}" for one in far
        )
        caption += f"; too far off to be drawn: {named}"
    return caption


def objective_baselines(results: Results) -> list[Baseline]:
    """The baselines that have a value of the main objective."""
    if not results.scored:
        return []
    found = baselines_of(results.scored[0].completed)
    return [one for one in found if results.objective.metric in one.metrics]


def near_and_far_baselines(
    results: Results, rows: Sequence[Configuration]
) -> tuple[list[Baseline], list[Baseline]]:
    """The baselines that the picture shows, and those that would leave the jobs no room in it."""
    values = _job_values(rows)
    low, high = min(values), max(values)
    room = MOST_ROOM * ((high - low) or abs(high) or 1.0)
    near, far = list[Baseline](), list[Baseline]()
    for one in objective_baselines(results):
        value = one.metrics[results.objective.metric]
        is_near = low - room <= value <= high + room or _is_near_as_ratio(value, low, high)
        (near if is_near else far).append(one)
    return near, far


def _is_near_as_ratio(value: float, low: float, high: float) -> bool:
    """Whether a value is near on the logarithmic axis that steep pictures have."""
    if low <= 0 or value <= 0 or high < STEEP * low:
        return False
    return low / (high / low) <= value <= high * (high / low)


def _job_values(rows: Sequence[Configuration]) -> list[float]:
    return [job.reached for one in rows for job in one.jobs if job.reached is not None]


def overview_values(results: Results, rows: Sequence[Configuration]) -> list[float]:
    """All values that the picture shows."""
    near, _ = near_and_far_baselines(results, rows)
    return [*_job_values(rows), *(one.metrics[results.objective.metric] for one in near)]


def overview_kind(results: Results, rows: Sequence[Configuration]) -> str:
    """Whether the picture is logarithmic: where it is steep."""
    is_log = is_logarithmic(overview_values(results, rows), ratio=STEEP)
    return "log" if is_log else "linear"


def overview_range(results: Results, rows: Sequence[Configuration]) -> tuple[float, float]:
    """The ends of a logarithmic picture; an interval that reaches down to 0 is cut."""
    values = overview_values(results, rows)
    least, most = min(values), max(values)
    ends = [(one.mean, half_width(one.scores) or 0.0) for one in rows if one.scores]
    low = min([least, *(mean - half for mean, half in ends if mean - half > least / 3)])
    high = max([most, *(mean + half for mean, half in ends if mean + half < 3 * most)])
    return low / 1.15, high * 1.15


def draw_overview(results: Results) -> Figure:
    """A row for each of the best configurations."""
    rows, metric = overview_rows(results), results.objective.metric
    figure = new_figure(1.4 + 0.3 * len(rows))
    axes = figure.subplots()
    names = {"dots": "job", "rings": "pruned", "means": "mean, 95 % interval"}
    for place, one in enumerate(rows):
        axes.plot(
            one.scores,
            [place] * len(one.scores),
            "o",
            color="0.6",
            markersize=4,
            label=names.pop("dots", ""),
        )
        if one.scores:
            half = half_width(one.scores) or 0.0
            axes.errorbar(
                [one.mean],
                [place],
                xerr=[half],
                fmt="D",
                color="black",
                markersize=5,
                capsize=3,
                label=names.pop("means", ""),
            )
        else:
            reached = [job.reached or 0.0 for job in one.pruned]
            axes.plot(reached, [place] * len(reached), label=names.pop("rings", ""), **PRUNED)
    for number, baseline in enumerate(near_and_far_baselines(results, rows)[0]):
        value = baseline.metrics[metric]
        label = f"{baseline.name} {format_number(value)}"
        axes.axvline(value, color=f"C{number}", linestyle=":", label=label)
    if overview_kind(results, rows) == "log":
        axes.set_xscale("log")
        axes.set_xlim(*overview_range(results, rows))
        label_plainly(axes.xaxis, (2, 5))
    axes.set_yticks(range(len(rows)), [f"{shortened(one.label)}  {one.rank}" for one in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(metric)
    tidy(axes)
    add_legend(figure, axes)
    return figure
