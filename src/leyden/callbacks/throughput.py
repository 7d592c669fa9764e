"""Logs the speed of training."""

import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.loops import log_value
from leyden.loops.log_step import is_log_step
from leyden.tasks import Task


class Throughput(Callback):
    """Logs `throughput`: samples or tokens a second, over all devices, without validation."""

    only_log_steps = True

    def __init__(self) -> None:
        self.since = 0.0
        self.step = 0

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self._restart(trainer)

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._restart(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        assert isinstance(task, Task)
        steps = trainer.global_step - self.step  # 0: gradients are still added up
        if steps and is_log_step(trainer, trainer.global_step):
            _, targets = batch
            counted = targets.numel() if task.unit == "tokens" else len(targets)
            parts = trainer.world_size * trainer.accumulate_grad_batches  # of a step, all alike
            done = steps * parts * counted
            log_value(trainer, "throughput", done / (time.perf_counter() - self.since))
            self._restart(trainer)

    def _restart(self, trainer: Trainer) -> None:
        self.since, self.step = time.perf_counter(), trainer.global_step
