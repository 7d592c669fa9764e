"""Learning curves as a figure."""

from leyden.formatting import format_number
from leyden.sweeps.report.curves import MeanCurve, monitored_name, pruned_jobs, vertical_range
from leyden.sweeps.report.interactive.base import (
    COLORS,
    DASHES,
    MARKERS,
    NONE,
    Spec,
    about_configuration,
    about_job,
    axis,
    figure,
    log_ticks,
    logarithms,
    points,
    row_of,
    words,
)
from leyden.sweeps.report.results import Results


def curves_figure(results: Results, found: list[MeanCurve]) -> Spec:
    """The best configurations' mean curves and ranges; those of pruned and failed jobs in grey."""
    data: list[Spec] = []
    for state, jobs in pruned_jobs(results).items():
        for place, job in enumerate(jobs):
            x, y = list(job.monitored), list(job.monitored.values())
            about = about_job(results, job)
            grey = points(
                "" if place else state,
                x,
                y,
                [row_of(job)] * len(x),
                mode="lines+markers",
                legendgroup=words(state),
                text=[f"{about}<br>step {step}" for step in x],
                line={"color": "@lost", "width": 1, "dash": "dot"},
                marker={"size": 6, "symbol": "circle-open" if state == "pruned" else "x-thin-open"},
            )
            data.append(grey)
    for place, curve in enumerate(found):
        data += _curve(results, curve, place)
    low, high, kind, _ = vertical_range(results, found)
    vertical = axis(monitored_name(results), type=kind, **log_ticks(kind))
    if low < high:
        vertical["range"] = logarithms((low, high), kind)
    return figure(data, height=460 + 11 * len(found), xaxis=axis("optimizer step"), yaxis=vertical)


def _curve(results: Results, curve: MeanCurve, place: int) -> list[Spec]:
    color, count = COLORS[place % len(COLORS)], len(curve.steps)
    row, group = row_of(curve.configuration), f"curve {place}"
    about = about_configuration(results, curve.configuration)
    made = []
    if len(curve.values[0]) > 1:
        lowest, highest = curve.range
        band = points(
            "",
            [*curve.steps, *reversed(curve.steps)],
            [*highest, *reversed(lowest)],
            [row] * (2 * count),
            mode="lines",
            fill="toself",
            fillcolor=_faint(color),
            line={"width": 0, "color": NONE},
            hoverinfo="skip",
            legendgroup=group,
        )
        made.append(band)
    mean = points(
        f"{curve.configuration.rank} {curve.configuration.label}",
        curve.steps,
        curve.mean,
        [row] * count,
        mode="lines+markers" if count <= 60 else "lines",
        text=[
            f"{about}<br>step {step}: {format_number(value)}"
            for step, value in zip(curve.steps, curve.mean, strict=True)
        ],
        line={"color": color, "width": 2, "dash": DASHES[place % len(DASHES)]},
        marker={"color": color, "size": 6, "symbol": MARKERS[place % len(MARKERS)]},
        legendgroup=group,
    )
    return [*made, mean]


def _faint(color: str) -> str:
    red, green, blue = (int(color[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.15)"
