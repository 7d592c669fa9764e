"""Writes the layers into the run's log."""

import logging

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn

from leyden.types import PositiveInt

log = logging.getLogger("leyden")


class Summary(Callback):
    """A table of the network's layers with their parameters, in `train.log`.

    Args:
        max_depth: Levels of nested layers.
    """

    changes_training = False

    def __init__(self, max_depth: PositiveInt = 3) -> None:
        self.max_depth = max_depth

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.is_global_zero:
            log.info("layers:\n%s", layer_table(task, max_depth=self.max_depth))


def layer_table(net: nn.Module, *, max_depth: int) -> str:
    """A line a layer: name, type, parameters with those of its own layers."""
    lines = []
    for name, layer in net.named_modules():
        if name and name.count(".") < max_depth:
            count = sum(parameter.numel() for parameter in layer.parameters())
            lines.append(f"  {name:<32} {type(layer).__name__:<20} {count:>14,}")
    return "\n".join(lines)
