"""Partial dependence as a picture for each column."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from leyden.data.tables.new_cells import read_column
from leyden.data.tables.preparation import TablePreparation
from leyden.errors import ConfigError, Problem
from leyden.inference.asked import PredictionConfig, load_predictor
from leyden.inference.explanation_content import Content, Section, short_label
from leyden.inference.inputs import find_files, read_inputs
from leyden.inference.partial_dependence import Dependence, dependences, output_names

MOST_ROWS = 1000
"""Rows that the mean is taken over, the first ones."""

MOST_PICTURES = 12
MOST_LINES = 5
"""Classes of a picture."""

COLORS = ("#2166ac", "#b2182b", "#1b7837", "#7b3294", "#a6611a")


def explain_dependence(source: Path, which: str, given: Sequence[str]) -> Content:
    """How the predictions depend on each column of a table.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        given: Files of rows.

    Raises:
        ConfigError: The run is of no table, a row can't be read, or no column varies.
    """
    predictor, run = load_predictor(source, PredictionConfig(which=which))
    preparation = run.preparation
    if not isinstance(preparation, TablePreparation):
        message = "is for tables; integrated_gradients is for all"
        raise ConfigError([Problem("--method", message, "dependence")])
    inputs, columns, notes = _read(preparation, given)
    found = dependences(predictor.means, preparation, inputs, columns)
    if not found:
        message = "has the same value in all rows of each column; give more rows"
        raise ConfigError([Problem("INPUT", message, str(given[0]))])
    found.sort(key=lambda one: -one.range)
    varied = {one.column for one in found}
    fixed = [name for name in preparation.names if name not in varied]
    if fixed:
        notes.append(f"left out, the same in all rows: {', '.join(fixed)}")
    notes += [
        f"{one.column}: the {one.num_left_out} rarest categories left out"
        for one in found
        if one.num_left_out
    ]
    if found[MOST_PICTURES:]:
        listed = ", ".join(one.column for one in found[MOST_PICTURES:])
        notes.append(f"without a picture, since they vary least: {listed}; the CSV has them")
    classes = predictor.class_names if predictor.spec.task_name == "classification" else []
    names = output_names(classes, predictor.spec.target_name)
    return _content(found, names, len(inputs), notes)


def _read(
    preparation: TablePreparation, given: Sequence[str]
) -> tuple[Tensor, pd.DataFrame, list[str]]:
    """Features of the first rows, their columns, and how many more there are."""
    inputs, frames, seen = list[Tensor](), list[pd.DataFrame](), 0
    for batch in read_inputs(find_files(given), preparation, size=MOST_ROWS, may_lack=False):
        if batch.problems:
            place, problem = min(batch.problems.items())
            message = f"row {batch.rows[place]:,}: {problem}"
            raise ConfigError([Problem("INPUT", message, str(batch.files[place]))])
        assert batch.cells is not None
        rest = max(0, MOST_ROWS - seen)
        seen += len(batch.rows)
        if rest:
            block = batch.cells.block.columns
            read = {
                encoder.name: read_column(encoder, block[encoder.name], preparation).values
                for encoder in preparation.encoders
            }
            inputs.append(batch.inputs[:rest])
            frames.append(pd.DataFrame(read)[:rest])
    beyond = f"{seen - MOST_ROWS:,} rows left out: the mean is of the first {MOST_ROWS:,}"
    notes = [beyond] if seen > MOST_ROWS else []
    return torch.cat(inputs), pd.concat(frames, ignore_index=True), notes


def _content(found: list[Dependence], names: list[str], num_rows: int, notes: list[str]) -> Content:
    columns: dict[str, list[Any]] = {"column": [], "value": [], **{f"mean {n}": [] for n in names}}
    for one in found:
        columns["column"] += [one.column] * len(one.values)
        columns["value"] += map(value_text, one.values)
        for name, values in zip(names, one.mean.T, strict=True):
            columns[f"mean {name}"] += values.tolist()
    shown = shown_outputs(found, len(names))
    if len(shown) < len(names) and len(names) > 2:
        listed = ", ".join(names[place] for place in shown)
        notes.append(f"the pictures show {listed}, which vary most; the CSV has all")
    pictured = found[:MOST_PICTURES]
    drawn = torch.cat([one.single[..., shown].flatten() for one in pictured])
    limits = (float(drawn.min()), float(drawn.max()))
    pictures = {
        f"dependence on {one.column}": _picture(one, names, shown, limits) for one in pictured
    }
    lines = [_line(one, names) for one in pictured]
    section = Section("Columns, those first on which the mean depends most", pictures=pictures)
    notes = [f"rows that the mean is taken over: {num_rows:,}", *notes]
    return Content("dependence", [section], "dependence.csv", columns, lines, notes)


def shown_outputs(found: list[Dependence], count: int) -> list[int]:
    """Which outputs are drawn: of two classes the second, of more those that vary most."""
    if count <= 2:
        return [count - 1]
    ranges = torch.stack([one.mean.amax(0) - one.mean.amin(0) for one in found]).amax(0)
    return sorted(ranges.topk(min(count, MOST_LINES)).indices.tolist())


def _line(one: Dependence, names: list[str]) -> str:
    place = len(names) - 1
    if len(names) > 2:
        place = int((one.mean.amax(0) - one.mean.amin(0)).argmax())
    mean = one.mean[:, place]
    low, high = int(mean.argmin()), int(mean.argmax())
    return (
        f"{one.column}: mean {names[place]} from {mean[low]:.4g} at {_short(one.values[low])}"
        f" to {mean[high]:.4g} at {_short(one.values[high])}"
    )


def _short(value: Any) -> str:
    shown = value_text(value)
    return shown if isinstance(shown, str) else f"{shown:.4g}"


def value_text(value: Any) -> Any:
    """A value for a file and for messages: numbers stay, times and categories are text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return str(value).removesuffix(" 00:00:00") or "missing"


def _picture(
    one: Dependence, names: list[str], shown: list[int], limits: tuple[float, float]
) -> Figure:
    figure = Figure(figsize=(3.3, 2.7), layout="constrained")
    axes = figure.subplots()
    values = np.arange(len(one.values)) if one.are_categories else np.array(one.values)
    num_rows = max(1, one.single.shape[1] // len(shown))
    for color, place in zip(COLORS, shown, strict=False):
        single = one.single[:, :num_rows, place].numpy()
        axes.plot(values, single, color=color, alpha=0.15, linewidth=0.7)
        axes.plot(
            values,
            one.mean[:, place].numpy(),
            color=color,
            marker="o",
            markersize=6 if one.are_categories else 3.5,
            linewidth=0 if one.are_categories else 1.8,
            label=short_label(names[place].removeprefix("probability of ")),
        )
    _name_axes(axes, one, names[shown[0]] if len(shown) == 1 else "probability")
    margin = 0.04 * (limits[1] - limits[0]) or 0.5
    axes.set_ylim(limits[0] - margin, limits[1] + margin)
    if len(shown) > 1:
        figure.legend(loc="outside upper center", ncols=3, fontsize=7, frameon=False)
    return figure


def _name_axes(axes: Axes, one: Dependence, output: str) -> None:
    axes.set_xlabel(short_label(one.column, 32), fontsize=9)
    axes.set_ylabel(short_label(output, 32), fontsize=9)
    axes.tick_params(labelsize=8)
    if one.are_categories:
        labels = [short_label(str(value_text(value)), 14) for value in one.values]
        is_long = sum(map(len, labels)) > 26
        axes.set_xticks(range(len(labels)), labels, rotation=90 if is_long else 0)
        axes.set_xlim(-0.5, len(labels) - 0.5)
    elif not isinstance(one.values[0], float):
        axes.tick_params(axis="x", rotation=45)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
