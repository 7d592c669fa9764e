"""What all figures share: colours that follow the page, escaped texts, points that name a row.

A colour that begins with `@` is one of the page's own, such as `@text`, so that it follows the dark
mode. The `customdata` of a point is the name of a row: a click on the point finds that row, and a
filter leaves the point out with it.
"""

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from leyden.formatting import format_number, printable
from leyden.sweeps.report.jobs import JobResult, label
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import STEEP, is_logarithmic

Spec = dict[str, Any]
NONE = "rgba(0,0,0,0)"
COLORS = ("#2f86c9", "#d55e00", "#009e73", "#cc79a7", "#c58f00", "#56b4e9", "#8f7fe0", "#8a8f96")
"""Told apart by the colour-blind, and seen on white and on black."""

DASHES = (
    "solid",
    "dash",
    "dashdot",
    "dot",
    "longdash",
    "longdashdot",
    "6px,3px,2px,3px",
    "2px,5px",
)
MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "hexagon")
PANEL = 270
GAP = 84
"""Pixels of a panel, and of those the ones below it, with its labels."""

LONGEST_TICK = 34
"""Characters of a tick's label; the hover shows all."""


def words(text: str, *, longest: int | None = None) -> str:
    """Text of users in which Plotly finds no markup.

    Args:
        text: Any text.
        longest: Number of characters that are kept; None keeps all.
    """
    line = printable(text)
    if longest is not None and len(line) > longest:
        line = f"{line[: longest - 1]}…"
    return escape(line, quote=False)


def lines(*texts: str) -> str:
    """A hover's text of several lines, each of them a user's."""
    return "<br>".join(words(text) for text in texts if text)


def figure(data: Sequence[Spec], *, height: int, **layout: Any) -> Spec:
    """A figure in the page's colours.

    Args:
        data: Traces.
        height: Height in pixels.
        **layout: Further parts of the layout, such as `xaxis`.
    """
    shared: Spec = {
        "height": height,
        "paper_bgcolor": NONE,
        "plot_bgcolor": NONE,
        "font": {"color": "@text", "size": 13, "family": "system-ui, sans-serif"},
        "margin": {"l": 60, "r": 24, "t": 30, "b": 50},
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "@back",
            "bordercolor": "@muted",
            "align": "left",
            "font": {"color": "@text"},
        },
        "modebar": {"bgcolor": NONE, "color": "@muted", "activecolor": "@text"},
        "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
    }
    # A finger that moves over the picture scrolls the page.
    return {"data": list(data), "layout": shared | layout, "narrow": {"dragmode": False}}


def axis(title: str, **others: Any) -> Spec:
    """An axis with a light grid."""
    return {
        "title": {"text": words(title), "font": {"size": 13}, "standoff": 6},
        "gridcolor": "@grid",
        "linecolor": "@line",
        "zeroline": False,
        "automargin": True,
        **others,
    }


def objective_axis(title: str, values: Sequence[float], **others: Any) -> Spec:
    """An axis for the objective, logarithmic where it is steep."""
    kind = "log" if is_logarithmic(values, ratio=STEEP) else "linear"
    return axis(title, type=kind, **log_ticks(kind), **others)


def log_ticks(kind: str) -> Spec:
    """Ticks of a logarithmic axis as people write numbers."""
    return {"dtick": "D2", "tickformat": ".4~g"} if kind == "log" else {}


def panel_domains(count: int) -> list[list[float]]:
    """The vertical places of panels below one another, the first at the top."""
    whole = count * PANEL - GAP
    tops = [1 - place * PANEL / whole for place in range(count)]
    return [[max(0.0, top - (PANEL - GAP) / whole), top] for top in tops]


def cost_axis(title: str, values: Sequence[float], *, is_time: bool, **others: Any) -> Spec:
    """An axis for a cost: logarithmic where it is spread over more than a factor of 2.

    Args:
        title: Name of the cost.
        values: All that are shown.
        is_time: Whether they are seconds; of counts the thousands and millions are abbreviated.
        **others: Further parts of the axis.
    """
    low, high = min(values), max(values)
    is_log = low > 0 and high > 2 * low
    spread = math.log10(high / low) if is_log else 0.0
    digits = 1 if spread > 3 else "D2" if spread > 0.7 else "D1"
    dtick: Spec = {"dtick": digits} if is_log else {"nticks": 5}
    form = ".3~g" if is_time else ".3~s"
    kind = "log" if is_log else "linear"
    # Of a single place a margin: Plotly would show one from -1 to 1.
    ends: Spec = {} if high > low else {"range": [0.9 * low - 0.01, 1.1 * low + 0.01]}
    return axis(title, type=kind, tickformat=form, **dtick, **ends, **others)


def tried_ticks(tried: Sequence[float], *, most: int = 9) -> Spec:
    """Ticks at the values that were tried, without those that would touch others.

    Args:
        tried: Values, ascending.
        most: Number of labels for which there is room.
    """
    is_log = is_logarithmic(tried)
    places = [math.log10(value) if is_log else value for value in tried]
    room = (places[-1] - places[0]) / most
    kept = [0, len(tried) - 1]
    for number in range(1, len(tried) - 1):
        if all(abs(places[number] - places[other]) >= room for other in kept):
            kept.append(number)
    return {
        "tickvals": [tried[number] for number in sorted(set(kept))],
        "ticktext": [f"{tried[number]:.4g}" for number in sorted(set(kept))],
    }


def points(
    name: str, x: Sequence[Any], y: Sequence[Any], ids: Sequence[str | None], **look: Any
) -> Spec:
    """A trace of points.

    Args:
        name: Name in the legend; none where it is empty.
        x: Horizontal places.
        y: Vertical places.
        ids: For each point the name of its row.
        **look: Further parts of the trace, such as `text`, `marker`, `line`.
    """
    return {
        "type": "scatter",
        "mode": "markers",
        "name": words(name),
        "showlegend": bool(name),
        "x": list(x),
        "y": list(y),
        "customdata": list(ids),
        "hoverinfo": "text",
        **look,
    }


def row_of(one: JobResult | Configuration) -> str:
    """Name of the row of a job, or of a configuration."""
    if isinstance(one, JobResult):
        return f"job-{one.number}"
    return f"configuration-{one.rank}"


def about_job(results: Results, job: JobResult) -> str:
    """The hover of a job."""
    value = job.reached
    reached = "" if value is None else f"{results.objective.metric} {format_number(value)}"
    return lines(
        f"job {job.number}, {job.entry.state}", label(job.values, results.all_names), reached
    )


def about_configuration(results: Results, one: Configuration) -> str:
    """The hover of a configuration."""
    metric, count = results.objective.metric, len(one.scores)
    mean = f"{metric} {format_number(one.reached)}"
    of = f", mean of {count} jobs" if count > 1 else "" if count else ", where it was pruned"
    return lines(f"rank {one.rank}: {one.label}", f"{mean}{of}")


def logarithms(bounds: tuple[float, float], kind: str) -> list[float]:
    """A range as Plotly takes it: of a logarithmic axis by its powers of ten."""
    return [math.log10(value) if kind == "log" else value for value in bounds]
