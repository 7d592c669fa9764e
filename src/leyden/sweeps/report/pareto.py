"""What the objective costs: fronts beyond which nothing is both cheaper and better."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import (
    PRUNED,
    label_plainly,
    new_figure,
    scale_objective,
    tidy,
)

COSTS = {"params": "parameters", "flops": "FLOPs in training steps", "seconds": "seconds of fit"}


@dataclass(frozen=True)
class Panel:
    """Configurations by something else than the main objective.

    Attributes:
        name: Name of the cost, with its unit.
        mode: Whether less or more of it is better.
        points: The cost and the configuration, in the order of the configurations' ranks.
        front: Those of them that nothing beats in both, by ascending cost.
        pruned: Likewise the cost and the configuration, of those whose jobs were all pruned; since
            these were cheap because they were cut short, they are on no front.
    """

    name: str
    mode: str
    points: list[tuple[float, Configuration]]
    front: list[tuple[float, Configuration]]
    pruned: list[tuple[float, Configuration]]


def panels(results: Results) -> list[Panel]:
    """A panel for each cost that is known, and for each further objective."""
    found = [
        _panel(results, name, "min", partial(Configuration.mean_cost, name=key))
        for key, name in COSTS.items()
    ]
    for place, objective in enumerate(results.record.objectives):
        if place > 0 and objective.metric not in COSTS:
            found.append(
                _panel(
                    results,
                    objective.metric,
                    objective.mode,
                    partial(Configuration.mean_objective, place=place),
                )
            )
    return [panel for panel in found if panel.points]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Places of the points that no other equals or beats in both numbers, where less is better.

    Returns:
        Places by ascending first number; of equal points the first.
    """
    front: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        if not front or points[place][1] < points[front[-1]][1]:
            front.append(place)
    return front


def draw_pareto(results: Results, found: list[Panel]) -> Figure:
    """The panels side by side, or one below the other where they are many."""
    figure = new_figure(3.1 * len(found))
    for axes, panel in zip(figure.subplots(len(found), squeeze=False)[:, 0], found, strict=True):
        _draw_panel(axes, panel, results.objective.sign)
        axes.set_ylabel(results.objective.metric)
        scale_objective(axes, (one.reached for one in results.scored + results.pruned))
        tidy(axes)
    return figure


def _panel(
    results: Results, name: str, mode: str, cost_of: Callable[[Configuration], float | None]
) -> Panel:
    points, pruned = (
        [(cost, one) for one in group if (cost := cost_of(one)) is not None]
        for group in (results.scored, results.pruned)
    )
    direction = 1 if mode == "min" else -1
    sign = results.objective.sign
    both = [(direction * cost, sign * configuration.mean) for cost, configuration in points]
    return Panel(name, mode, points, [points[place] for place in pareto_front(both)], pruned)


def _draw_panel(axes: Axes, panel: Panel, sign: int) -> None:
    axes.plot(
        [cost for cost, _ in panel.points],
        [configuration.mean for _, configuration in panel.points],
        "o",
        color="0.55",
        markersize=4.5,
        label="configurations",
    )
    if panel.pruned:
        axes.plot(
            [cost for cost, _ in panel.pruned],
            [configuration.reached for _, configuration in panel.pruned],
            label="pruned",
            **PRUNED,
        )
    costs = [cost for cost, _ in panel.front]
    means = [configuration.mean for _, configuration in panel.front]
    axes.step(
        costs,
        means,
        where="post" if panel.mode == "min" else "pre",
        color="black",
        linewidth=1.4,
        label="Pareto front",
    )
    axes.plot(costs, means, "D", color="black", markersize=6)
    for cost, configuration in panel.front:
        axes.annotate(
            str(configuration.rank),
            (cost, configuration.mean),
            xytext=(-5, -5 * sign),  # on the side where no points can be
            textcoords="offset points",
            ha="right",
            va="top" if sign > 0 else "bottom",
            fontsize="small",
        )
    if min(cost for cost, _ in panel.points + panel.pruned) > 0:
        axes.set_xscale("log")
        label_plainly(axes.xaxis, (2, 5))
    axes.margins(x=0.12, y=0.15)
    axes.set_xlabel(panel.name)
    axes.legend(fontsize="small", frameon=False)
