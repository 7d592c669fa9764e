"""The loss of an optimizer step, over all its samples; a run whose loss is no number ends."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.runs.record import Diverged


class StepLoss(Callback):
    """Logs `train/loss`, the mean over the micro-batches and processes of each step.

    Raises `Diverged` on all processes after the step whose loss is NaN or infinite.
    """

    def __init__(self) -> None:
        self.losses: list[Tensor] = []

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        self.losses.append(outputs["loss"])
        is_step = (batch_index + 1) % trainer.accumulate_grad_batches == 0
        if not (is_step or trainer.is_last_batch):
            return
        # Lightning has divided each micro-batch's loss by their number.
        loss = torch.stack(self.losses).mean() * trainer.accumulate_grad_batches
        self.losses = []
        loss = trainer.strategy.reduce(loss, reduce_op="mean")
        if not torch.isfinite(loss):
            step = trainer.global_step
            raise Diverged(f"train/loss is {loss.item()} at step {step}; try a lower optimizer.lr")
        task.log("train/loss", loss)
