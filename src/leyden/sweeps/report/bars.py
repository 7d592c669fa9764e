"""Pictures of the axes' effects."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leyden.sweeps.report.effects import Effect, LevelMean
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.style import PRUNED, new_figure, scale_objective, tidy

MOST_IN_A_ROW = 3
LONGEST_UPRIGHT = 24
"""Characters of a panel's levels that stand side by side without touching."""

AXIS: dict[str, Any] = {"color": "0.75", "hatch": ""}
INTERACTION: dict[str, Any] = {"color": "white", "hatch": "///"}
REST: dict[str, Any] = {"color": "white", "hatch": "..."}


def draw_effects(effects: list[Effect]) -> Figure:
    """A bar for each share; interactions and the rest are hatched."""
    figure = new_figure(0.9 + 0.32 * len(effects))
    axes = figure.subplots()
    for place, effect in enumerate(effects):
        look = REST if effect.is_rest else INTERACTION if effect.is_interaction else AXIS
        axes.barh(place, effect.share, edgecolor="black", **look)
        axes.annotate(
            f"{effect.share:.1%}",
            (effect.share, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize="small",
        )
    axes.set_yticks(range(len(effects)), [effect.name for effect in effects])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(effect.share for effect in effects))
    axes.set_xlabel("share of the objective's variance")
    tidy(axes)
    return figure


def draw_levels(results: Results, means: dict[str, list[LevelMean]]) -> Figure:
    """A panel for each axis: every job a dot (a pruned one a ring), the levels' means joined."""
    columns = min(len(means), MOST_IN_A_ROW)
    rows = -(-len(means) // columns)
    figure = new_figure(3.4 * rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    for place, (axis, found) in enumerate(means.items()):
        panels.flat[place].set_xlabel(axis)
        _draw_panel(panels.flat[place], found)
    for axes in panels.flat[len(means) :]:
        axes.set_visible(False)
    for axes in panels[:, 0]:
        axes.set_ylabel(results.objective.metric)
    scale_objective(panels.flat[0], (job.reached or 0.0 for job in results.valued))
    return figure


def _draw_panel(axes: Axes, means: list[LevelMean]) -> None:
    for place, mean in enumerate(means):
        axes.plot([place] * len(mean.scores), mean.scores, "o", color="0.65", markersize=3)
        axes.plot([place] * len(mean.pruned), mean.pruned, **PRUNED)
    values = [mean.mean for mean in means]
    axes.plot(range(len(means)), values, "D-", color="black", markersize=6, linewidth=1.4)
    names = [mean.name for mean in means]
    rotation = 0 if sum(map(len, names)) < LONGEST_UPRIGHT else 60
    axes.set_xticks(range(len(means)), names, rotation=rotation, fontsize="small")
    axes.margins(x=0.15)
    tidy(axes)
