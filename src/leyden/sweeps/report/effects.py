"""Which axis matters: shares of the objective's variance, means by level, and their pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from leyden.sweeps.report.jobs import JobResult, Level, as_number, finite, levels
from leyden.sweeps.report.order import is_numeric, ordered_levels
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.style import PRUNED, new_figure, scale_objective, shortened, tidy

MOST_LEVELS = 12


@dataclass(frozen=True)
class Effect:
    """How much of the objective's variance something explains.

    Attributes:
        name: Name of the axis, of two axes, or what is left over.
        share: Share, from 0 to 1.
        p: p-value of the F test whether it explains more than chance does; None where there is
            none.
    """

    name: str
    share: float
    is_interaction: bool = False
    is_rest: bool = False
    p: float | None = None


@dataclass(frozen=True)
class LevelMean:
    """The objective of all jobs with one value of an axis.

    Attributes:
        name: The axis' value, short.
        jobs: Jobs that completed or were pruned at some value.
    """

    name: str
    jobs: list[JobResult]

    @property
    def scores(self) -> list[float]:
        """Scores of completed jobs."""
        return [job.score for job in self.jobs if job.score is not None]

    @property
    def pruned(self) -> list[float]:
        """What pruned jobs had reached."""
        return [job.reached or 0.0 for job in self.jobs if job.is_pruned]

    @property
    def mean(self) -> float:
        """Over all of the jobs."""
        return fmean(self.scores + self.pruned)


def variance_shares(results: Results) -> tuple[list[Effect], str]:
    """Shares of variance by type II ANOVA over completed jobs, with each axis as a factor.

    Returns:
        The shares, the greatest first and the rest last; and what to know about them. The shares
        are empty where the jobs allow none.
    """
    axes = results.common_axes(results.completed)
    if len(axes) < 2:
        return [], "Fewer than two axes vary among the completed jobs: there is nothing to divide."
    frame = pd.DataFrame(
        {f"a{place}": levels(results.completed, axis) for place, axis in enumerate(axes)}
    )
    frame["y"] = [job.score for job in results.completed]
    mains = {f"C(a{place})": results.names[axis] for place, axis in enumerate(axes)}
    pairs = {f"{a}:{b}": f"{mains[a]} & {mains[b]}" for a, b in combinations(mains, 2)}
    if frame["y"].nunique() == 1:
        return [], "All completed jobs reached the same value."
    shares = _shares(frame, mains | pairs)
    if shares is not None:
        return shares, "With & are interactions: what two axes do together beyond the sum of each."
    shares = _shares(frame, mains)
    if shares is not None:
        return shares, (
            "Interactions are left out: there are too few completed jobs, or combinations without "
            "any, to tell them apart; they are part of the rest."
        )
    return [], "Too few jobs completed, or axes vary only together: effects can't be told apart."


def _shares(frame: pd.DataFrame, terms: Mapping[str, str]) -> list[Effect] | None:
    model = ols(f"y ~ {' + '.join(terms)}", frame)
    observations, columns = model.exog.shape
    if observations <= columns or np.linalg.matrix_rank(model.exog) < columns:
        return None
    fit = model.fit()
    with np.errstate(divide="ignore", invalid="ignore"):  # F where nothing is left over
        table = anova_lm(fit, typ=2)
    squares = table["sum_sq"] / fit.centered_tss
    effects = [
        Effect(
            name,
            float(squares[term]),
            is_interaction=":" in term,
            p=finite(float(table["PR(>F)"][term])),
        )
        for term, name in terms.items()
    ]
    effects.sort(key=lambda effect: -effect.share)
    return [*effects, Effect("rest", float(squares["Residual"]), is_rest=True)]


def level_means(results: Results) -> dict[str, list[LevelMean]]:
    """By axis the objective at each of its levels; without axes of many or singular levels."""
    means = {}
    valued = results.valued
    for axis in results.names:
        by_text: dict[str, list[JobResult]] = {text: [] for text in ordered_levels(results, axis)}
        for job in valued:
            if axis in job.values:
                by_text[job.values[axis]].append(job)
        by_level: dict[Level, list[JobResult]] = {}
        for text, jobs in by_text.items():
            number = as_number(text)
            if jobs:
                by_level.setdefault(text if number is None else number, []).extend(jobs)
        is_sampled = sum(map(len, by_level.values())) < 2 * len(by_level)  # hardly met twice
        if 1 < len(by_level) <= MOST_LEVELS and not is_sampled:
            means[axis] = [
                LevelMean(f"{level:g}" if isinstance(level, float) else level, jobs)
                for level, jobs in by_level.items()
            ]
    return means


def is_line(found: list[LevelMean]) -> bool:
    """Whether the levels are numbers, so that a line through their means says something."""
    return is_numeric(mean.name for mean in found)


def objective_range(results: Results) -> tuple[float, float]:
    """The least and the greatest value that any job reached."""
    values = [job.reached or 0.0 for job in results.valued]
    return min(values), max(values)


MOST_IN_A_ROW = 3
LONGEST_LEVEL = 28
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
    axes.set_yticks(range(len(effects)), [shortened(effect.name) for effect in effects])
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
    line = "D-" if is_line(means) else "D"  # a line through names would say nothing
    axes.plot(range(len(means)), values, line, color="black", markersize=6, linewidth=1.4)
    names = [shortened(mean.name, LONGEST_LEVEL) for mean in means]
    rotation = 0 if sum(map(len, names)) < LONGEST_UPRIGHT else 60
    axes.set_xticks(range(len(means)), names, rotation=rotation, fontsize="small")
    axes.margins(x=0.15)
    tidy(axes)
