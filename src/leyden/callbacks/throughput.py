"""Logs the speed of training."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.loops import Lap, log_value, loop_of
from leyden.loops.log_step import is_log_step
from leyden.tasks import Task


class Throughput(Callback):
    """Logs `throughput`: samples or tokens a second of training steps, over all devices.

    Validations and the saving of checkpoints do not count.
    """

    only_log_steps = True

    def __init__(self) -> None:
        self.lap: Lap | None = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.lap = Lap(loop_of(trainer).clock, trainer.global_step)

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        assert isinstance(task, Task)
        assert self.lap is not None
        ends_step = (batch_index + 1) % trainer.accumulate_grad_batches == 0
        if ends_step and is_log_step(trainer, trainer.global_step):
            steps, seconds = self.lap.end(trainer.global_step)
            _, targets = batch
            counted = targets.numel() if task.unit == "tokens" else len(targets)
            parts = trainer.world_size * trainer.accumulate_grad_batches  # of a step, all alike
            log_value(trainer, "throughput", steps * parts * counted / seconds)
