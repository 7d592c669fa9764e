"""Parallel coordinates: each job a line through its value of every axis, to what it reached."""

import math
from dataclasses import dataclass

from matplotlib.figure import Figure

from leyden.formatting import format_number
from leyden.sweeps.report.jobs import JobResult, as_number, short_value
from leyden.sweeps.report.order import is_numeric, ordered_levels
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.style import STEEP, is_logarithmic, new_figure, shortened

FEWEST_AXES = 2
FEWEST_JOBS = 4
MOST_JOBS = 300
MOST_TICKS = 9
COLORS = ("#d55e00", "#c58f00", "#6fa36c", "#4f94b5", "#8b93b8")
"""Of a fifth of the jobs each, the best first."""

NO_VALUE = -0.14
"""Height of the end of a line whose job has no value."""


@dataclass(frozen=True)
class Scale:
    """A vertical axis.

    Attributes:
        name: Name of the axis.
        heights: For each value as typed its height, from 0 to 1.
        ticks: Heights with labels.
    """

    name: str
    heights: dict[str, float]
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Line:
    """A job's line.

    Attributes:
        job: Job.
        points: Places, counted in vertical axes from the left, and heights.
        color: Colour by rank; grey where the job did not complete.
    """

    job: JobResult
    points: list[tuple[int, float]]
    color: str | None


def parallel(results: Results) -> tuple[list[Scale], list[Line]]:
    """Axes and lines; both are empty where there are too few axes or jobs.

    A job without a value ends below the last axis. Of many jobs the first are shown.
    """
    jobs = results.jobs[:MOST_JOBS]
    keys = [key for key in results.names if len({j.values.get(key) for j in jobs}) > 1]
    if len(keys) < FEWEST_AXES or len(jobs) < FEWEST_JOBS or not results.valued:
        return [], []
    scales = [_scale(results, key) for key in keys]
    last = _objective_scale(results)
    ranked = sorted(
        (job for job in jobs if job.score is not None),
        key=lambda job: results.objective.sign * (job.score or 0.0),
    )
    places = {job.number: place for place, job in enumerate(ranked)}
    lines = []
    for job in jobs:
        points = [
            (place, scale.heights[job.values[key]])
            for place, (key, scale) in enumerate(zip(keys, scales, strict=True))
            if key in job.values
        ]
        height = NO_VALUE if job.reached is None else last.heights[repr(job.reached)]
        place = places.get(job.number)
        color = None if place is None else COLORS[len(COLORS) * place // len(ranked)]
        lines.append(Line(job, [*points, (len(keys), height)], color))
    lines.sort(key=lambda line: -places.get(line.job.number, len(places)))  # the best on top
    return [*scales, last], lines


def _scale(results: Results, key: str) -> Scale:
    found = ordered_levels(results, key)
    if is_numeric(found):
        return _numeric_scale(results.names[key], {text: float(text) for text in found})
    count = max(1, len(found) - 1)
    heights = {text: place / count for place, text in enumerate(found)}
    every = -(-len(found) // MOST_TICKS)
    ticks = [(height, short_value(text)) for text, height in list(heights.items())[::every]]
    return Scale(results.names[key], heights, ticks)


def _objective_scale(results: Results) -> Scale:
    values = {repr(job.reached): job.reached for job in results.valued if job.reached is not None}
    return _numeric_scale(results.objective.metric, values, ratio=STEEP)


def _numeric_scale(name: str, values: dict[str, float], ratio: float = 8) -> Scale:
    """Numbers by value, by logarithm where they are spread far; labels that don't touch."""
    is_log = is_logarithmic(values.values(), ratio=ratio)
    scaled = {text: math.log(x) if is_log else x for text, x in values.items()}
    low, high = min(scaled.values()), max(scaled.values())
    heights = {text: (x - low) / (high - low) if high > low else 0.5 for text, x in scaled.items()}
    ticks: list[tuple[float, str]] = []
    shown = sorted((heights[text], values[text]) for text in values)
    for height, value in [*shown[:1], *shown[-1:], *shown[1:-1]]:
        if all(abs(height - other) > 1 / MOST_TICKS for other, _ in ticks):
            ticks.append((height, _tick(value)))
    return Scale(name, heights, ticks)


def _tick(value: float) -> str:
    return f"{value:g}" if as_number(f"{value:g}") == value else format_number(value)


def draw_parallel(scales: list[Scale], lines: list[Line]) -> Figure:
    """The lines, the best on top, and the axes over them."""
    figure = new_figure(4.4)
    axes = figure.subplots()
    for line in lines:
        x, y = zip(*line.points, strict=True)
        style = "-" if line.color else ":"
        axes.plot(x, y, style, color=line.color or "0.6", linewidth=1.2, alpha=0.8)
    for place, scale in enumerate(scales):
        axes.axvline(place, color="black", linewidth=0.9)
        for height, text in scale.ticks:
            axes.annotate(
                shortened(text, 28),
                (place, height),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize="small",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
            )
    if any(line.job.reached is None for line in lines):
        axes.annotate(
            "no value",
            (len(scales) - 1, NO_VALUE),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    axes.set_xticks(range(len(scales)), [shortened(scale.name, 28) for scale in scales])
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(scales) - 0.6)
    axes.spines[:].set_visible(False)
    return figure
