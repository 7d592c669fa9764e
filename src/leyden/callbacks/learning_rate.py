"""Logs the learning rate."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class LearningRate(Callback):
    """Logs `lr`: the rate of the optimizer's first group in the step to come."""

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if (trainer.global_step + 1) % trainer.log_every_n_steps == 0:
            task.log("lr", trainer.optimizers[0].param_groups[0]["lr"])
