"""Logs parameters that are single numbers."""

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.parallel import whole
from leyden.tasks import Task


class ParameterValues(Callback):
    """At each validation, for models that are small enough to be understood.

    Logs `param/NAME` for each parameter of one number, such as `param/head.weight` and
    `param/head.bias` of a line.
    """

    def on_validation_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        assert isinstance(task, Task)
        for name, parameter in task.net.named_parameters():
            if parameter.numel() == 1:
                task.log(f"param/{name}", whole(parameter.detach()).squeeze())
