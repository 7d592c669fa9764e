"""Writes the layers into the run's log."""

import logging

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.model_summary.model_summary import summarize

log = logging.getLogger("leyden")


class Summary(Callback):
    """A table of the network's layers with their parameters, in `train.log`.

    Args:
        max_depth: Levels of nested layers; -1 shows all.
    """

    def __init__(self, max_depth: int = 3) -> None:
        self.max_depth = max_depth

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        log.info("layers:\n%s", summarize(task, max_depth=self.max_depth))
