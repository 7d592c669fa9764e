"""Errors of a trained model on validation and test: its predictions' intervals come from them."""

import logging
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from omegaconf import DictConfig
from torch import Tensor, nn

from leyden.data import DataModule
from leyden.data.batches import BatchedDataset
from leyden.data.series.windows import Windows
from leyden.events import Note, Observer
from leyden.run.prediction_intervals import intervals_of, write_intervals
from leyden.run.record import Record
from leyden.tasks.forecast import forecast
from leyden.tasks.part_outputs import outputs_and_targets
from leyden.tasks.regression import Regression
from leyden.training.baselines import reasons_against
from leyden.training.build import RunObjects

log = logging.getLogger("leyden")

MOST_STEPS = 64
"""Steps ahead whose errors are measured, where a model goes on from its own forecasts."""

BATCH = 4096
Errors = list[NDArray[np.float64]]


def record_intervals(
    cfg: DictConfig, experiment: RunObjects, record: Record, emit: Observer
) -> None:
    """Writes the intervals of a regression's predictions. A run does not fail by it.

    Args:
        cfg: Frozen config of the run.
        experiment: The run's objects, with the weights that were tested.
        record: Record of the run, of the process that writes it.
        emit: Is told why there are none.
    """
    data, task = experiment.data, experiment.task
    if not isinstance(data, DataModule) or not isinstance(task, Regression):
        return
    if experiment.trainer.world_size > 1 or any(reasons_against(cfg, data)):
        return
    try:
        both = [errors_of(task, part) for part in (data.splits.val, data.splits.test)]
        steps = min(map(len, both))
        found = intervals_of(both[0][:steps], both[1][:steps])
        if found.half_widths:
            write_intervals(record.folder, found)
    except Exception as error:
        log.warning("the intervals of predictions failed", exc_info=error)
        emit(Note(f"no intervals of predictions: {type(error).__name__}: {error}"))


def errors_of(task: Regression, part: BatchedDataset) -> Errors:
    """Errors of a part in the target's own unit, for each step ahead."""
    task.eval()
    scale = task.spec.target_std
    if isinstance(part, Windows):
        return [scale * own for own in window_errors(task.net, part, task.device)]
    found = [
        (predicted - targets.double()).flatten()
        for predicted, targets in outputs_and_targets(task.net, part, task.device)
    ]
    return [scale * torch.cat(found).numpy()]


def window_errors(net: nn.Module, part: Windows, device: torch.device) -> Errors:
    """Scaled errors of forecasts from each window, for each step ahead.

    A model that gives fewer steps goes on from its own forecasts, as far as the windows after it
    follow without a gap, so that what it forecasts was measured.
    """
    firsts = part.firsts
    steps = part.horizon
    if part.values.shape[1] == 1:
        steps = max(steps, min(MOST_STEPS, len(firsts)))
    follows = torch.cat([firsts[1:] == firsts[:-1] + 1, torch.tensor([False])])
    reach = torch.zeros(len(firsts), dtype=torch.long)  # windows that follow without a gap
    for place in reversed(range(len(firsts) - 1)):
        if follows[place]:
            reach[place] = reach[place + 1] + 1
    known = reach + part.horizon
    errors: list[list[Tensor]] = [[] for _ in range(steps)]
    for places in _batches(len(firsts)):
        first = firsts[places][:, None]
        past = part.values[first + torch.arange(-part.lags, 0)]
        told = forecast(net, past.to(device), steps).double().cpu()
        future = (first + torch.arange(steps)).clamp_max(len(part.values) - 1)
        wrong = told - part.values[future, 0].double()
        for step in range(steps):
            errors[step].append(wrong[known[places] > step, step])
    return [torch.cat(own).numpy() for own in errors]


def _batches(count: int) -> Iterator[Tensor]:
    for first in range(0, count, BATCH):
        yield torch.arange(first, min(first + BATCH, count))
