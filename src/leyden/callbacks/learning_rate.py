"""Logs the learning rate."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.loops import log_value
from leyden.loops.log_step import is_log_step


class LearningRate(Callback):
    """Logs `lr`: the rate of the optimizer's first group in the step to come."""

    only_log_steps = True

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if is_log_step(trainer, trainer.global_step + 1):
            log_value(trainer, "lr", trainer.optimizers[0].param_groups[0]["lr"])
