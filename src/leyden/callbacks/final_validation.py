"""Validates where a run ends, also in the middle of an epoch."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class FinalValidation(Callback):
    """Lightning stops at `max_steps` without a validation, and so without a best checkpoint.

    Asked to stop, it validates first.
    """

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if trainer.global_step == trainer.max_steps:
            trainer.should_stop = True
