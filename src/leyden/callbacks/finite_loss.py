"""Ends a run whose loss is no longer a number."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.runs.record import Diverged


class FiniteLoss(Callback):
    """Raises `Diverged` after the step whose loss is NaN or infinite."""

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        loss = outputs["loss"]
        if not torch.isfinite(loss):
            step = trainer.global_step
            raise Diverged(f"train/loss is {loss.item()} at step {step}; try a lower optimizer.lr")
