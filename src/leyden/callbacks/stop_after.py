"""Ends a run after a step, as if somebody had asked for it."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.ranges import PositiveInt
from leyden.runs.record import Interrupted


class StopAfter(Callback):
    """Unlike `trainer.max_steps` it leaves the schedule of the learning rate as it is.

    Args:
        step: The last one that is done.
    """

    def __init__(self, *, step: PositiveInt) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        if trainer.global_step >= self.step:
            raise Interrupted(f"after step {self.step}, as asked for")
