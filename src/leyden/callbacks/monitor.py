"""Whether a validation logs the metric that selects."""

import re

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.compat.lightning import evaluation_names, note_metrics
from leyden.errors import ConfigError, Problem, suggestion


class MonitorName(Callback):
    """Finds the monitored metric among those that a LightningModule logs in its validation.

    Names that differ in slashes, dots and underscores only are one: a module may log `val_loss`
    where `val/loss` is monitored. The validation before the training shows what is logged.
    Callbacks find the metric under the name that is monitored.

    Args:
        monitor: The monitored metric.
    """

    def __init__(self, monitor: str) -> None:
        self.monitor = monitor
        self.logged_as: str | None = None

    def on_sanity_check_end(self, trainer: Trainer, task: LightningModule) -> None:
        if evaluation_names(trainer):  # many modules log nothing then, on purpose
            self.logged_as = self._found(trainer, task)

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        self.logged_as = self.logged_as or self._found(trainer, task)
        if self.logged_as != self.monitor:
            note_metrics(trainer, {self.monitor: trainer.callback_metrics[self.logged_as]})

    def _found(self, trainer: Trainer, task: LightningModule) -> str:
        """The name under which the metric is logged.

        Raises:
            ConfigError: There is none.
        """
        logged = evaluation_names(trainer)
        if self.monitor in logged:
            return self.monitor
        for name in logged:
            if folded(name) == folded(self.monitor):
                return name
        hint = suggestion(self.monitor, logged)
        if not logged:
            hint = "it logs nothing; type `monitor.metric=null`"
        message = f"is not logged by {type(task).__name__} in validation; {hint}"
        raise ConfigError([Problem("monitor.metric", message, self.monitor)])


def folded(name: str) -> str:
    """A metric's name without the signs by which people separate its words."""
    return re.sub(r"[/_.\-]+", "_", name)
