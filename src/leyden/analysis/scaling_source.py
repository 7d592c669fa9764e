"""Where losses come from: a sweep's folder, or a CSV of anybody's."""

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from leyden.errors import ConfigError, Problem, suggestion
from leyden.sweeps.record import NAME
from leyden.sweeps.report.results import read_results
from leyden.sweeps.report.scaling import measured_of
from leyden.sweeps.scaling.measured import Measured, derived, points_of

COLUMNS = {
    "loss": ("loss", "val/loss", "val_loss", "l", "final_loss", "valid_loss"),
    "params": ("params", "parameters", "n", "num_params", "n_params", "model_size"),
    "amount": ("tokens", "samples", "d", "num_tokens", "n_tokens", "train_tokens"),
    "flops": ("flops", "c", "compute", "train_flops", "training_flop", "flop"),
}
"""Names of columns that are taken for each, in lower case."""


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
        return measured_of(read_results(source), metric=columns["loss"], by=by)
    if source.is_file():
        return _of_csv(source, columns, by)
    message = "is neither a sweep's folder nor a CSV"
    raise ConfigError([Problem("SOURCE", message, str(source))])


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
    points = {name: derived(points_of(these)) for name, these in rows.items()}
    return Measured(points, units, dict.fromkeys(rows, ""), dict(left_out), _derived_words(found))


def _derived_words(found: Mapping[str, str | None]) -> str:
    """What is computed of a CSV that has FLOPs and one of the two others."""
    if found["flops"] is None or (found["amount"] is None) == (found["params"] is None):
        return ""
    if found["amount"] is None:
        return "no column of tokens: they are computed as FLOPs / (6 x parameters)"
    return "no column of parameters: they are computed as FLOPs / (6 x tokens)"


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
