"""Validates where a run ends, also in the middle of an epoch."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class FinalValidation(Callback):
    """Lightning ends a run without a validation if none is due, and so without a best checkpoint.

    It is made due: in the last epoch, or when the last step asks it to stop.
    """

    def on_train_epoch_start(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.current_epoch + 1 == trainer.max_epochs:
            validate_each_epoch(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if trainer.global_step == trainer.max_steps:
            validate_each_epoch(trainer)
            trainer.should_stop = True


def validate_each_epoch(trainer: Trainer) -> None:
    """From now on; None counts steps across epochs, and needs no change."""
    if trainer.check_val_every_n_epoch is not None:
        trainer.check_val_every_n_epoch = 1
