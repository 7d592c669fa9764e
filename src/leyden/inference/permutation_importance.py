"""Permutation importance of the columns of a table (Breiman 2001, "Random Forests", section 10)."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor, nn

from leyden.data import Spec
from leyden.data.tables.preparation import TablePreparation
from leyden.errors import ConfigError, Problem
from leyden.formatting import printable
from leyden.inference.column_features import column_features
from leyden.inference.explain import keys_as, load_explained
from leyden.inference.explanation_content import Content, Section, short_label
from leyden.inference.labelled import Given, labelled_inputs
from leyden.run.preparation import Prepared

REPEATS = 10
BATCH = 4096
MOST_BARS = 15

Scores = NDArray[np.float64]
"""The loss, and the accuracy or the RMSE."""


@dataclass(frozen=True)
class Importance:
    """By how much a model is worse when a column says nothing.

    Attributes:
        column: Name of the column.
        loss: Rise of the loss in each permutation.
        other: Fall of the accuracy, or rise of the RMSE.
    """

    column: str
    loss: NDArray[np.float64]
    other: NDArray[np.float64]


def explain_permutation(source: Path, which: str, given: Sequence[str]) -> Content:
    """By how much the test metrics on some rows are worse when a column is permuted.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        given: Files of rows with the target.

    Raises:
        ConfigError: The run is of no table, a row can't be read, or there is only one.
    """
    run, spec = load_explained(source, which)
    preparation = run.preparation
    if not isinstance(preparation, TablePreparation):
        message = "is for tables; integrated_gradients is for all"
        raise ConfigError([Problem("--method", message, "permutation")])
    with keys_as("INPUT"):
        data, notes = labelled_inputs(Prepared(spec, preparation), given)
    part = data.part
    assert isinstance(part, Given)
    if len(part) < 2:
        message = "has one row with an answer; a permutation needs two or more"
        raise ConfigError([Problem("INPUT", message, str(given[0]))])
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(len(part), generator=generator) for _ in range(REPEATS)]
    base, found = importances(run.net, spec, preparation, part.inputs, part.targets, orders)
    found.sort(key=lambda one: -float(one.loss.mean()))
    return _content(found, base, len(part), spec, notes)


def importances(
    net: nn.Module,
    spec: Spec,
    preparation: TablePreparation,
    inputs: Tensor,
    targets: Tensor,
    orders: Sequence[Tensor],
) -> tuple[Scores, list[Importance]]:
    """The scores of the rows as they are, and the importance of each column.

    All features of a column are permuted together.

    Args:
        net: Network.
        spec: What its outputs are.
        preparation: How columns became features.
        inputs: Features of the rows.
        targets: Their classes, or scaled numbers.
        orders: Permutations of the rows, the same for all columns.
    """
    base = scores_of(net, spec, inputs, targets)
    found = []
    for name, places in zip(preparation.names, column_features(preparation), strict=True):
        rises = []
        for order in orders:
            permuted = inputs.clone()
            permuted[:, places] = inputs[order][:, places]
            rises.append(scores_of(net, spec, permuted, targets) - base)
        loss, other = np.array(rises).T
        found.append(Importance(name, loss, -other if is_of_classes(spec) else other))
    return base, found


def is_of_classes(spec: Spec) -> bool:
    """Whether classes are predicted, and not numbers."""
    return spec.task_name == "classification"


@torch.no_grad()
def scores_of(net: nn.Module, spec: Spec, inputs: Tensor, targets: Tensor) -> Scores:
    """Loss and accuracy, or loss and RMSE in the target's own unit, as the test logs them."""
    outputs = torch.cat([net(some).double() for some in torch.split(inputs, BATCH)])
    if is_of_classes(spec):
        right = (outputs.argmax(-1) == targets).double().mean()
        return np.array([float(F.cross_entropy(outputs, targets)), float(right)])
    loss = float(F.mse_loss(outputs, targets.double()))
    return np.array([loss, loss**0.5 * spec.target_std])


def _content(
    found: list[Importance], base: Scores, num_rows: int, spec: Spec, notes: list[str]
) -> Content:
    metric, change = ("acc", "fall") if is_of_classes(spec) else ("rmse", "rise")
    columns: dict[str, list[Any]] = {
        "column": [one.column for one in found],
        "loss_rise": [float(one.loss.mean()) for one in found],
        "loss_rise_std": [float(one.loss.std(ddof=1)) for one in found],
        f"{metric}_{change}": [float(one.other.mean()) for one in found],
        f"{metric}_{change}_std": [float(one.other.std(ddof=1)) for one in found],
    }
    sign = -1 if change == "fall" else 1
    cells = [
        (one.column, f"loss {_told(one.loss)}", f"{metric} {_told(sign * one.other)}")
        for one in found[:MOST_BARS]
    ]
    lines = [f"{column}: {loss}, {other}" for column, loss, other in cells]
    notes = [f"{num_rows:,} rows as they are: loss {base[0]:.4g}, {metric} {base[1]:.4g}", *notes]
    if len(found) > MOST_BARS:
        notes.append(f"the {MOST_BARS} largest of {len(found)} columns; the CSV has all")
    section = Section(
        "Columns",
        body=_table(cells),
        pictures={"importance of the columns": _bars(found)},
    )
    return Content("permutation", [section], "importance.csv", columns, lines, notes)


def _told(rises: NDArray[np.float64]) -> str:
    return f"{rises.mean():+.3g} ± {rises.std(ddof=1):.2g}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<td>{html.escape(printable(one))}</td>" for one in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _bars(found: list[Importance]) -> Figure:
    shown = found[:MOST_BARS][::-1]
    figure = Figure(figsize=(5.2, 0.9 + 0.27 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.barh(
        range(len(shown)),
        [float(one.loss.mean()) for one in shown],
        xerr=[float(one.loss.std(ddof=1)) for one in shown],
        color="#2166ac",
        tick_label=[short_label(one.column) for one in shown],
        error_kw={"elinewidth": 1.2, "capsize": 3, "ecolor": "#222222"},
    )
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("rise of the loss, ± standard deviation")
    return figure
