"""Losses of training and test samples, by which an attacker would tell them apart."""

import logging

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from leyden.data import BatchIndices, DataModule
from leyden.data.batches import BatchedDataset
from leyden.data.spec import TaskName
from leyden.events import Note, Observer
from leyden.privacy.membership import Membership, advantage_bound, membership
from leyden.run.record import Record
from leyden.tasks import Task
from leyden.training.build import RunObjects

log = logging.getLogger("leyden")

MOST_SAMPLES = 10_000
"""Of each part, evenly spread: the interval of the AUC is then 0.01 wide."""

BATCH, BATCH_OF_TEXT = 256, 8


def record_membership(experiment: RunObjects, record: Record, emit: Observer) -> None:
    """Records what an attack on a private training reaches. A run does not fail by it.

    Args:
        experiment: The run's objects, with the weights that were tested.
        record: Record of the run, of the process that writes it.
        emit: Is told why there is none.
    """
    data, task, private = experiment.data, experiment.task, record.privacy
    if private is None or not isinstance(data, DataModule) or not isinstance(task, Task):
        return
    try:
        found = membership_of(task.net.eval(), data, task.spec.task_name)
    except Exception as error:
        log.warning("the membership inference failed", exc_info=error)
        emit(Note(f"no membership inference: {type(error).__name__}: {error}"))
        return
    bound = advantage_bound(private["epsilon"], private["delta"])
    private["membership"] = {**found.as_plain(), "advantage_bound": bound}


def membership_of(net: nn.Module, data: DataModule, task_name: TaskName) -> Membership:
    """What an attack by the loss reaches on a trained network.

    Args:
        net: Network in eval mode.
        data: Its data set.
        task_name: Which loss it was trained by.
    """
    parts = data.splits
    return membership(*(losses_of(net, part, task_name) for part in (parts.train, parts.test)))


@torch.inference_mode()
def losses_of(net: nn.Module, part: BatchedDataset, task_name: TaskName) -> NDArray[np.float64]:
    """The loss of samples of a part."""
    device = next(net.parameters()).device
    count = min(len(part), MOST_SAMPLES)
    places = torch.arange(count) * len(part) // count
    size = BATCH_OF_TEXT if task_name == "language_modeling" else BATCH
    losses = []
    for first in range(0, count, size):
        chosen = places[first : first + size]
        inputs, targets = part[BatchIndices(0, chosen)]
        outputs = net(inputs.to(device)).double()
        losses.append(_loss(outputs, targets.to(device), task_name).cpu())
    return torch.cat(losses).numpy()


def _loss(outputs: Tensor, targets: Tensor, task_name: TaskName) -> Tensor:
    if task_name == "regression":
        return (outputs - targets).square().flatten(1).mean(1)
    if task_name == "classification":
        return F.cross_entropy(outputs, targets, reduction="none")
    of_tokens = F.cross_entropy(outputs.transpose(1, 2), targets, reduction="none")
    return of_tokens.sum(1) / (of_tokens != 0).sum(1).clamp_min(1)
