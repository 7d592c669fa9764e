"""Where losses come from: a sweep's folder, or a CSV of anybody's."""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from leyden.analysis.scaling.fit import Points
from leyden.errors import ConfigError, Problem, suggestion
from leyden.sweeps.record import NAME
from leyden.sweeps.report.jobs import JobResult, finite
from leyden.sweeps.report.results import Results, read_results

COLUMNS = {
    "loss": ("loss", "val/loss", "val_loss", "l", "final_loss", "valid_loss"),
    "params": ("params", "parameters", "n", "num_params", "n_params", "model_size"),
    "amount": ("tokens", "samples", "d", "num_tokens", "n_tokens", "train_tokens"),
    "flops": ("flops", "c", "compute", "train_flops", "training_flop", "flop"),
}
"""Names of columns that are taken for each, in lower case."""

OF_SIZE = ("params", "model.width", "model.depth", "init_from")
OF_AMOUNT = ("trainer.max_tokens", "trainer.max_steps", "trainer.max_epochs")
OF_BOTH = frozenset({*OF_SIZE, *OF_AMOUNT})
"""Axes of a sweep that set the size of a model or the amount of data."""


@dataclass(frozen=True)
class Measured:
    """Losses of each recipe.

    Attributes:
        recipes: Points by the name of the recipe; one empty name where there is one recipe alone.
        units: What D counts, tokens or samples, by the name of the recipe.
        data: What tells the data of a recipe from that of others: their losses can't be compared.
        left_out: Number of rows or jobs without a loss, by reason.
    """

    recipes: dict[str, Points]
    units: dict[str, str]
    data: dict[str, str]
    left_out: dict[str, int]


def read_source(source: Path, columns: Mapping[str, str | None], by: Sequence[str]) -> Measured:
    """The losses of a sweep or a CSV.

    Args:
        source: Folder of a sweep, or a CSV.
        columns: Names of the columns for `loss`, `params`, `amount` and `flops`; None: found by
            usual names. Of a sweep, `loss` may name a metric.
        by: Columns or axes that tell recipes apart, which are fitted each for itself.

    Raises:
        ConfigError: There is no such thing, or a column is missing or holds no numbers.
    """
    if source.is_dir() and (source / NAME).is_file():
        return _of_sweep(read_results(source), columns, by)
    if source.is_file():
        return _of_csv(source, columns, by)
    message = "is neither a sweep's folder nor a CSV"
    raise ConfigError([Problem("SOURCE", message, str(source))])


def _of_sweep(results: Results, columns: Mapping[str, str | None], by: Sequence[str]) -> Measured:
    metric = columns["loss"]
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
    points = {name: _points(found) for name, found in rows.items()}
    return Measured(points, units, data, dict(left_out))


def _family(key: str, job: JobResult) -> str:
    """A value of an axis; of a model such as `gpt/small` the family, as its size is N."""
    value = job.values[key]
    return value.partition("/")[0] if key == "model" else value


def _points(rows: Sequence[tuple[float, ...]]) -> Points:
    loss, params, amount, flops = np.array(rows, dtype=float).T
    known = [None if np.isnan(part).any() else part for part in (params, amount, flops)]
    return Points(loss, *known)


def _of_csv(path: Path, columns: Mapping[str, str | None], by: Sequence[str]) -> Measured:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = list(reader.fieldnames or ())
            lines = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError([Problem("SOURCE", f"is no CSV: {error}", str(path))]) from error
    found = {what: _column(what, columns[what], names) for what in COLUMNS}
    if found["loss"] is None:
        message = f"has no column of losses; type --loss COLUMN, one of {', '.join(names)}"
        raise ConfigError([Problem("SOURCE", message, str(path))])
    for name in by:
        if name not in names:
            raise ConfigError([Problem("--by", f"no such column; {suggestion(name, names)}", name)])
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    for number, line in enumerate(lines, start=2):
        if not (line[found["loss"]] or "").strip():
            left_out["no loss"] += 1
            continue
        values = tuple(
            np.nan if column is None else _number(line, column, number, path)
            for column in found.values()
        )
        rows[", ".join(line[name] or "" for name in by)].append(values)
    if not rows:
        raise ConfigError([Problem("SOURCE", "has no row with a loss", str(path))])
    is_samples = found["amount"] is not None and "sample" in found["amount"].lower()
    units = dict.fromkeys(rows, "samples" if is_samples else "tokens")
    points = {name: _points(these) for name, these in rows.items()}
    return Measured(points, units, dict.fromkeys(rows, ""), dict(left_out))


def _column(what: str, typed: str | None, names: Sequence[str]) -> str | None:
    flag = f"--{'tokens' if what == 'amount' else what}"
    if typed is not None:
        if typed not in names:
            raise ConfigError([Problem(flag, f"no such column; {suggestion(typed, names)}", typed)])
        return typed
    alike = [name for name in names if name.strip().lower() in COLUMNS[what]]
    if len(alike) > 1:
        raise ConfigError([Problem(flag, f"may be any of {', '.join(alike)}; name one")])
    return alike[0] if alike else None


def _number(line: Mapping[str, str | None], column: str, number: int, path: Path) -> float:
    text = (line[column] or "").strip()
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not (np.isfinite(value) and value > 0):
        message = f"line {number}, column `{column}`: must be a number above 0"
        raise ConfigError([Problem("SOURCE", message, text or "nothing", path.name)])
    return value
