"""The scaling of a sweep with an axis of size: by which law the loss falls."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leyden.errors import ConfigError, Problem
from leyden.sweeps.report.document import Paragraph, Part, Section, Table
from leyden.sweeps.report.jobs import JobResult, finite
from leyden.sweeps.report.results import Results
from leyden.sweeps.scaling.measured import Measured, points_of
from leyden.sweeps.scaling.study import study_of
from leyden.sweeps.scaling.words import comparison_lines, scaling_rows

OF_SIZE = ("params", "model.width", "model.depth", "init_from")
OF_AMOUNT = ("trainer.max_tokens", "trainer.max_steps", "trainer.max_epochs")
OF_BOTH = frozenset({*OF_SIZE, *OF_AMOUNT})
"""Axes of a sweep that set the size of a model or the amount of data."""


LEAST_SIZES = 4
"""Sizes of a recipe from which it has a law here: with fewer there is none to look for."""

RESAMPLES = 300
"""Of the bootstrap: `leyden scaling` takes more."""


def scaling(results: Results) -> Section:
    """The law of each recipe with enough sizes, its held-out largest size, and the verdict."""
    section = Section("Scaling", [])
    if results.objective.mode == "max":
        return section
    try:
        measured = _of_many_sizes(measured_of(results))
        if not measured.recipes:
            return section
        found = study_of(measured, source=results.record.name, resamples=RESAMPLES)
    except ConfigError:
        return section
    parts: list[Part] = [Paragraph(MEANING)]
    for name, one in found.recipes.items():
        rows = [list(row) for row in scaling_rows(one, found.measured.units[name], budget=None)]
        parts += [Paragraph(f"{name}:")] if name else []
        parts.append(Table(["", "value"], rows))
    parts += map(Paragraph, comparison_lines(found))
    return Section("Scaling", parts)


def _of_many_sizes(measured: Measured) -> Measured:
    """The recipes with sizes enough for a law to be looked for."""
    recipes = {
        name: points
        for name, points in measured.recipes.items()
        if points.params is not None and len(np.unique(points.params)) >= LEAST_SIZES
    }
    return replace(measured, recipes=recipes)


MEANING = (
    "The law L = E + A N^-alpha + B D^-beta, as far as sizes N and amounts D differ, fitted to the "
    "jobs by Huber's loss on log L; intervals by bootstrap. `leyden scaling` on this folder shows "
    "more."
)


def measured_of(results: Results, *, metric: str | None = None, by: Sequence[str] = ()) -> Measured:
    """The losses of a sweep's jobs.

    Args:
        results: Results of the sweep.
        metric: Metric that is the loss; None: the objective.
        by: Axes that tell recipes apart; empty: all that set neither size nor amount.

    Raises:
        ConfigError: The metric can't be a loss, or there is no such axis or no completed job.
    """
    objective = results.objective
    if metric is None and objective.mode == "max":
        message = f"selects by {objective.metric}, of which more is better; type --loss val/loss"
        raise ConfigError([Problem("SOURCE", message)])
    if unknown := [key for key in by if key not in results.record.axes]:
        axes = ", ".join(results.record.axes)
        raise ConfigError(
            [Problem("--by", f"is no axis of the sweep; there is {axes}", unknown[0])]
        )
    keys = by or [key for key in results.names if key not in OF_BOTH]
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    units: dict[str, str] = {}
    data: dict[str, str] = {}
    for job in results.jobs:
        loss = job.score if metric is None else finite((job.run.get("metrics") or {}).get(metric))
        if loss is None or loss <= 0:
            left_out[job.entry.state if loss is None else "loss of 0 or less"] += 1
            continue
        unit = "tokens" if job.run.get("tokens") else "samples"
        amount = finite(job.run.get(unit)) or np.nan
        recipe = ", ".join(_family(key, job) for key in keys if key in job.values)
        if units.setdefault(recipe, unit) != unit:
            message = "has jobs on text and on other data; name `--by data`"
            raise ConfigError([Problem("SOURCE", message)])
        data[recipe] = repr([(job.run.get("choices") or {}).get("data"), job.run.get("data")])
        flops = job.cost("flops") or np.nan
        rows[recipe].append((loss, job.cost("params") or np.nan, amount, flops))
    if not rows:
        what = metric or objective.metric
        raise ConfigError([Problem("SOURCE", f"has no completed job with {what}")])
    points = {name: points_of(found) for name, found in rows.items()}
    return Measured(points, units, data, dict(left_out))


def _family(key: str, job: JobResult) -> str:
    """A value of an axis; of a model such as `gpt/small` the family, as its size is N."""
    value = job.values[key]
    return value.partition("/")[0] if key == "model" else value
