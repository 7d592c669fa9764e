"""Tells a plateau schedule how validation went."""

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.optim.plateau import Plateau


class PlateauObserver(Callback):
    """After each validation, wherever in an epoch it happens."""

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        for config in trainer.lr_scheduler_configs:
            if isinstance(config.scheduler, Plateau):
                config.scheduler.observe(float(trainer.callback_metrics[config.scheduler.monitor]))
