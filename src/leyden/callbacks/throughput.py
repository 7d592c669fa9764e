"""Logs the speed of training."""

import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.loops import log_value
from leyden.loops.log_step import is_log_step
from leyden.tasks import Task


class Throughput(Callback):
    """Logs `throughput`: samples or tokens a second, over all devices, without validation."""

    def __init__(self) -> None:
        self.since = 0.0
        self.done = 0

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self._restart()

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._restart()

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        assert isinstance(task, Task)
        _, targets = batch
        counted = targets.numel() if task.unit == "tokens" else len(targets)
        self.done += counted * trainer.world_size
        if is_log_step(trainer, trainer.global_step):
            log_value(trainer, "throughput", self.done / (time.perf_counter() - self.since))
            self._restart()

    def _restart(self) -> None:
        self.since, self.done = time.perf_counter(), 0
