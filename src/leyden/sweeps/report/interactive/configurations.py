"""Configurations and jobs as figures: the best ones, parallel coordinates, fronts."""

from typing import Any

from leyden.formatting import format_number
from leyden.sweeps.objective import half_width
from leyden.sweeps.report.interactive.base import (
    COLORS,
    NONE,
    PANEL,
    Spec,
    about_configuration,
    about_job,
    axis,
    cost_axis,
    figure,
    log_ticks,
    logarithms,
    objective_axis,
    panel_domains,
    points,
    row_of,
    words,
)
from leyden.sweeps.report.overview import (
    near_and_far_baselines,
    overview_kind,
    overview_range,
    overview_rows,
    overview_values,
)
from leyden.sweeps.report.parallel import NO_VALUE, Line, Scale
from leyden.sweeps.report.pareto import COSTS as COSTS_OF_RUNS
from leyden.sweeps.report.pareto import Panel
from leyden.sweeps.report.results import Configuration, Results


def overview_figure(results: Results) -> Spec:
    """A row for each of the best configurations: its jobs, its mean and interval."""
    rows, metric = overview_rows(results), results.objective.metric
    places = {one.rank: place for place, one in enumerate(rows)}
    jobs = [(places[one.rank], job) for one in rows for job in one.completed]
    pruned = [(places[one.rank], job) for one in rows for job in one.pruned]
    data = [
        points(
            name,
            [job.reached for _, job in found],
            [place for place, _ in found],
            [row_of(job) for _, job in found],
            text=[about_job(results, job) for _, job in found],
            marker=look,
        )
        for name, found, look in (
            ("job", jobs, {"size": 7, "opacity": 0.8, "color": COLORS[0]}),
            ("pruned", pruned, {"size": 8, "symbol": "circle-open", "color": "@lost"}),
        )
        if found
    ]
    data.append(_means(results, [one for one in rows if one.scores], places))
    lines = [
        _baseline_line(
            f"{one.name} {format_number(one.metrics[metric])}", one.metrics[metric], len(rows), k
        )
        for k, one in enumerate(near_and_far_baselines(results, rows)[0])
    ]
    ticks = [f"{words(one.label, longest=40)}  {one.rank}" for one in rows]
    kind, shown = overview_kind(results, rows), overview_values(results, rows)
    vertical = axis(
        "", tickvals=list(range(len(rows))), ticktext=ticks, range=[len(rows) - 0.4, -0.6]
    )
    made = figure(
        [*lines, *data],
        height=130 + 30 * len(rows) + (24 if lines else 0),
        xaxis=axis(metric, type=kind, **log_ticks(kind), **_ends(results, rows, kind)),
        yaxis=vertical,
    )
    if kind == "log" and max(shown) > 20 * min(shown):
        made["narrow"]["xaxis.dtick"] = 1
    made["narrow"] |= {
        "yaxis.ticktext": [f"{words(one.label, longest=16)} {one.rank}" for one in rows]
    }
    return made


def _ends(results: Results, rows: list[Configuration], kind: str) -> Spec:
    """A range for a logarithmic axis: an interval may reach down to 0, which has no place there."""
    if kind != "log":
        return {}
    return {"range": logarithms(overview_range(results, rows), kind)}


def _means(results: Results, found: list[Configuration], places: dict[int, int]) -> Spec:
    halves = [half_width(one.scores) for one in found]
    about = [
        about_configuration(results, one) + ("" if half is None else f" ± {half:.2g}")
        for one, half in zip(found, halves, strict=True)
    ]
    errors: Spec = {}
    if any(half is not None for half in halves):
        errors = {
            "error_x": {
                "array": [half or 0.0 for half in halves],
                "thickness": 1.5,
                "width": 5,
                "color": "@text",
            }
        }
    return points(
        "mean, 95 % interval" if errors else "value",
        [one.mean for one in found],
        [places[one.rank] for one in found],
        [row_of(one) for one in found],
        text=about,
        marker={"size": 11, "symbol": "diamond", "color": "@text"},
        **errors,
    )


def _baseline_line(name: str, value: float, count: int, place: int) -> Spec:
    color = COLORS[1 + place % (len(COLORS) - 1)]
    return points(
        name,
        [value, value],
        [-0.6, count - 0.4],
        [None, None],
        mode="lines",
        text=[words(name)] * 2,
        line={"color": color, "dash": "dot", "width": 2},
    )


def parallel_figure(results: Results, scales: list[Scale], lines: list[Line]) -> Spec:
    """A line for each job; its hover names it wherever it is met."""
    data = [_job_line(results, line) for line in lines]
    labels: list[Spec] = []
    shapes: list[Spec] = []
    for place, scale in enumerate(scales):
        shapes.append(_stroke(place))
        labels += [_label(place, height, words(text, longest=18)) for height, text in scale.ticks]
    if any(line.job.reached is None for line in lines):
        labels.append(_label(len(scales) - 1, NO_VALUE, "no value"))
    lowest = min(y for line in lines for _, y in line.points)
    names = [words(scale.name, longest=18) for scale in scales]
    hidden: dict[str, Any] = {"showgrid": False, "zeroline": False, "fixedrange": True}
    made = figure(
        data,
        height=420,
        showlegend=False,
        annotations=labels,
        shapes=shapes,
        xaxis={
            **hidden,
            "tickvals": list(range(len(scales))),
            "ticktext": names,
            "range": [-0.15, len(scales) - 0.55],
            "side": "top",
        },
        yaxis={**hidden, "showticklabels": False, "range": [lowest - 0.06, 1.06]},
        margin={"l": 10, "r": 10, "t": 50, "b": 10},
    )
    made["narrow"] |= {"xaxis.tickangle": -25, "font.size": 11}
    return made


def _job_line(results: Results, line: Line) -> Spec:
    x, y = zip(*line.points, strict=True)
    dash = "solid" if line.color else "dot"
    return points(
        "",
        x,
        y,
        [row_of(line.job)] * len(x),
        mode="lines+markers",
        text=[about_job(results, line.job)] * len(x),
        line={"color": line.color or "@lost", "width": 1.6, "dash": dash},
        marker={"color": line.color or "@lost", "size": 6},
        opacity=0.8,
    )


def _stroke(place: int) -> Spec:
    line = {"color": "@text", "width": 1}
    return {
        "type": "line",
        "x0": place,
        "x1": place,
        "y0": 0,
        "y1": 1,
        "line": line,
        "layer": "below",
    }


def _label(place: int, height: float, text: str) -> Spec:
    return {
        "x": place,
        "y": height,
        "text": text,
        "showarrow": False,
        "xanchor": "left",
        "xshift": 5,
        "bgcolor": "@back",
        "opacity": 0.85,
        "borderpad": 1,
        "font": {"size": 11, "color": "@text"},
    }


def pareto_figure(results: Results, found: list[Panel]) -> Spec:
    """A panel for each cost, one below the other."""
    data, layout, narrow = list[Spec](), Spec(), Spec()
    shown = [one.reached for one in results.scored + results.pruned]
    for place, panel in enumerate(found):
        number = "" if place == 0 else str(place + 1)
        own = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        data += [
            one | own | ({"showlegend": False} if place else {}) for one in _front(results, panel)
        ]
        costs = [cost for cost, _ in panel.points + panel.pruned]
        is_time = panel.name == COSTS_OF_RUNS["seconds"]
        if min(costs) > 0 and max(costs) > 30 * min(costs):
            narrow[f"xaxis{number}.dtick"] = 1  # else its labels would touch
        layout[f"xaxis{number}"] = cost_axis(
            panel.name, costs, is_time=is_time, anchor=f"y{number}"
        )
        layout[f"yaxis{number}"] = objective_axis(
            results.objective.metric,
            shown,
            domain=panel_domains(len(found))[place],
            anchor=f"x{number}",
        )
    made = figure(data, height=60 + PANEL * len(found), **layout)
    made["narrow"] |= narrow
    return made


def _front(results: Results, panel: Panel) -> list[Spec]:
    unit = words(panel.name)

    def trace(name: str, pairs: list[tuple[float, Configuration]], **look: Any) -> Spec:
        return points(
            name,
            [cost for cost, _ in pairs],
            [one.reached for _, one in pairs],
            [row_of(one) for _, one in pairs],
            **{
                "text": [
                    "<br>".join(
                        [about_configuration(results, one), f"{unit} {format_number(cost)}"]
                    )
                    for cost, one in pairs
                ],
                **look,
            },
        )

    look = {"size": 8, "color": COLORS[0], "opacity": 0.8}
    data = [trace("configurations", panel.points, marker=look)]
    if panel.pruned:
        ring = {"size": 8, "symbol": "circle-open", "color": "@lost"}
        data.append(trace("pruned", panel.pruned, marker=ring))
    shape = "hv" if panel.mode == "min" else "vh"
    steps = trace(
        "Pareto front",
        panel.front,
        mode="lines+markers",
        line={"color": "@text", "width": 1.5, "shape": shape},
        marker={"size": 10, "symbol": "diamond", "color": "@text"},
    )
    return [*data, steps, _ranks(results, panel)]


def _ranks(results: Results, panel: Panel) -> Spec:
    """The ranks beside the front, on the side where no points can be."""
    side = "bottom left" if results.objective.sign > 0 else "top left"
    return points(
        "",
        [cost for cost, _ in panel.front],
        [one.mean for _, one in panel.front],
        [row_of(one) for _, one in panel.front],
        mode="text",
        text=[str(one.rank) for _, one in panel.front],
        textposition=side,
        textfont={"color": "@text"},
        hoverinfo="skip",
        marker={"color": NONE},
    )
