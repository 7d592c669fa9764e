"""Validates at the end of a run, and tells a plateau schedule how validation went."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.optim.plateau import Plateau


class FinalValidation(Callback):
    """Validates at the last step: else Lightning may end a run without a best checkpoint.

    At the last step the run is asked to stop: then Lightning validates whatever
    `val_check_interval` says.
    """

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        ends_last_epoch = trainer.is_last_batch and trainer.current_epoch + 1 == trainer.max_epochs
        if ends_last_epoch or trainer.global_step == trainer.max_steps:
            if trainer.check_val_every_n_epoch is not None:  # None counts steps across epochs
                trainer.check_val_every_n_epoch = 1
            trainer.should_stop = True


class PlateauMetric(Callback):
    """Gives the monitored metric to a plateau schedule after each validation."""

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        for config in trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, Plateau):
                config.scheduler.observe(float(trainer.callback_metrics[config.scheduler.monitor]))
