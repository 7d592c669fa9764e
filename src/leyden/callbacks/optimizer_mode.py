"""Weights that are trained at one point and used at another."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.optim import Optimizer


class OptimizerMode(Callback):
    """Puts schedule-free optimizers at their training point for each step, and back after it.

    So whoever validates or saves between two steps sees the mean of points, which is the model.
    """

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        switch(trainer.optimizers, training=True)

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        switch(trainer.optimizers, training=False)


def switch(optimizers: list[Optimizer], *, training: bool) -> None:
    """Switches those optimizers that have two points."""
    for optimizer in optimizers:
        change = getattr(optimizer, "train" if training else "eval", None)
        if change is not None:
            change()
