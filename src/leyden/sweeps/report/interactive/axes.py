"""What the axes do to the objective, as figures."""

import math
from collections.abc import Sequence

from leyden.sweeps.objective import half_width
from leyden.sweeps.report.basin import Curve, curves, failed_points, is_scattered, pruned_points
from leyden.sweeps.report.effects import Effect, LevelMean, is_line, objective_range
from leyden.sweeps.report.interactive.base import (
    COLORS,
    DASHES,
    LONGEST_TICK,
    MARKERS,
    PANEL,
    Spec,
    about_configuration,
    about_job,
    axis,
    figure,
    objective_axis,
    panel_domains,
    points,
    row_of,
    tried_ticks,
    words,
)
from leyden.sweeps.report.jobs import JobResult
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.style import MOST_CURVES, STEEP, is_logarithmic


def effects_figure(effects: list[Effect]) -> Spec:
    """A bar for each share; interactions and the rest are hatched."""
    shapes = ["." if one.is_rest else "/" if one.is_interaction else "" for one in effects]
    names = [words(one.name, longest=LONGEST_TICK) for one in effects]
    bars: Spec = {
        "type": "bar",
        "orientation": "h",
        "x": [one.share for one in effects],
        "y": list(range(len(effects))),
        "text": [f"{one.share:.1%}" for one in effects],
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": [f"{words(one.name)}: {one.share:.1%}" for one in effects],
        "marker": {
            "color": COLORS[0],
            "pattern": {"shape": shapes, "solidity": 0.3},
        },
    }
    vertical = axis("", tickvals=list(range(len(effects))), ticktext=names, autorange="reversed")
    horizontal = axis("share of the objective's variance", tickformat=".0%", rangemode="tozero")
    return figure(
        [bars],
        height=100 + 34 * len(effects),
        xaxis=horizontal,
        yaxis=vertical,
        showlegend=False,
        margin={"l": 60, "r": 60, "t": 20, "b": 50},
    )


def levels_figure(results: Results, means: dict[str, list[LevelMean]]) -> Spec:
    """A panel for each axis: every job a dot, a pruned one a ring, the levels' means diamonds."""
    count, data = len(means), list[Spec]()
    layout: Spec = {}
    for place, (name, found) in enumerate(means.items()):
        number = "" if place == 0 else str(place + 1)
        panel = {"xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": False}
        data += [one | panel for one in _panel(results, found)]
        ticks = [words(mean.name, longest=18) for mean in found]
        layout[f"xaxis{number}"] = axis(
            name,
            tickvals=list(range(len(found))),
            ticktext=ticks,
            range=[-0.6, len(found) - 0.4],
            anchor=f"y{number}",
        )
        low, high = objective_range(results)
        layout[f"yaxis{number}"] = objective_axis(
            results.objective.metric,
            [low, high],
            domain=panel_domains(count)[place],
            anchor=f"x{number}",
            **({"matches": "y"} if place else {}),
        )
    return figure(data, height=20 + PANEL * count, **layout)


def _panel(results: Results, found: list[LevelMean]) -> list[Spec]:
    data = []
    for is_pruned, look in (
        (False, {"size": 7, "opacity": 0.75, "color": COLORS[0]}),
        (True, {"size": 8, "symbol": "circle-open", "color": "@lost"}),
    ):
        jobs = [
            (place, job)
            for place, mean in enumerate(found)
            for job in mean.jobs
            if job.is_pruned is is_pruned
        ]
        x = _spread([place for place, _ in jobs])
        data.append(_jobs(results, "", x, [job for _, job in jobs], marker=look))
    means = points(
        "",
        list(range(len(found))),
        [mean.mean for mean in found],
        [None] * len(found),
        mode="lines+markers" if is_line(found) else "markers",
        text=[f"{words(mean.name)}: mean {mean.mean:.4g}" for mean in found],
        marker={"size": 11, "symbol": "diamond", "color": "@text"},
        line={"color": "@text", "width": 1.5},
    )
    return [*data, means]


def _spread(places: Sequence[int]) -> list[float]:
    """Places side by side where they are the same, so that each point can be clicked."""
    counts: dict[int, int] = {}
    found = []
    for place in places:
        number = counts.get(place, 0)
        counts[place] = number + 1
        found.append(place + 0.22 * ((number % 7) - 3) / 3)
    return found


def _jobs(
    results: Results, name: str, x: Sequence[float], jobs: list[JobResult], **look: object
) -> Spec:
    return points(
        name,
        x,
        [job.reached for job in jobs],
        [row_of(job) for job in jobs],
        text=[about_job(results, job) for job in jobs],
        **look,
    )


def basin_figure(results: Results, key: str, tried: Sequence[float]) -> Spec:
    """The objective against a swept number, a line for each combination of the other axes."""
    found, data = curves(results, key), list[Spec]()
    if found and is_scattered(found):
        every = Curve("completed", [point for curve in found for point in curve.points])
        look: Spec = {"mode": "markers", "marker": {"size": 8, "color": COLORS[0], "opacity": 0.8}}
        data.append(_line(results, every) | look)
    else:
        for place, curve in enumerate(found[:MOST_CURVES]):
            color = COLORS[place % len(COLORS)]
            look = {
                "mode": "lines+markers",
                "line": {"color": color, "width": 2, "dash": DASHES[place % len(DASHES)]},
                "marker": {"color": color, "size": 8, "symbol": MARKERS[place % len(MARKERS)]},
            }
            data.append(_line(results, curve) | look)
    pruned = pruned_points(results, key)
    if pruned:
        ring = {"size": 9, "symbol": "circle-open", "color": "@lost"}
        places, jobs = [value for value, _ in pruned], [job for _, job in pruned]
        data.append(_jobs(results, "pruned", places, jobs, marker=ring))
    data += _failures(results, key)
    if found:
        x, best = found[0].best
        star = {
            "size": 17,
            "symbol": "star",
            "color": "#f2c200",
            "line": {"color": "@text", "width": 1},
        }
        about = [about_configuration(results, best)]
        data.append(points("best", [x], [best.mean], [row_of(best)], text=about, marker=star))
    kind = "log" if is_logarithmic(tried) else "linear"
    shown = [one.reached for one in results.scored + results.pruned]
    return figure(
        data,
        height=430 + 10 * len(data),
        xaxis=axis(key, type=kind, **tried_ticks(tried)),
        yaxis=objective_axis(results.objective.metric, shown, **_range(shown)),
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    )


def _range(values: Sequence[float]) -> Spec:
    """A range by the means: on a logarithmic axis an interval may reach down without end."""
    if not is_logarithmic(values, ratio=STEEP):
        return {}
    low, high = math.log10(min(values)), math.log10(max(values))
    margin = 0.15 * (high - low)
    return {"range": [low - margin, high + margin]}


def _line(results: Results, curve: Curve) -> Spec:
    ordered = sorted(curve.points, key=lambda point: point[0])
    found = [configuration for _, configuration in ordered]
    halves = [half_width(one.scores) or 0.0 for one in found]
    errors = {"error_y": {"array": halves, "thickness": 1.2, "width": 4}} if any(halves) else {}
    return points(
        curve.label,
        [value for value, _ in ordered],
        [one.mean for one in found],
        [row_of(one) for one in found],
        text=[about_configuration(results, one) for one in found],
        **errors,
    )


def _failures(results: Results, key: str) -> list[Spec]:
    """Crosses on the bad side, for jobs that have no value there."""
    height = 0.98 if results.objective.mode == "min" else 0.02
    return [
        points(
            state,
            [float(job.values[key]) for job in jobs],
            [height] * len(jobs),
            [row_of(job) for job in jobs],
            text=[about_job(results, job) for job in jobs],
            marker={
                "size": 9,
                "symbol": symbol,
                "color": "@text",
                "line": {"width": 2, "color": "@text"},
            },
            yaxis="y2",
        )
        for (state, jobs), symbol in zip(
            failed_points(results, key).items(),
            ("x-thin", "cross-thin", "asterisk", "hash", "y-up"),
            strict=False,
        )
    ]
