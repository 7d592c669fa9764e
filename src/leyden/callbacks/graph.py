"""Draws the network in TensorBoard's GRAPHS tab."""

import logging

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.data.loader import Draw
from leyden.parallel import is_split
from leyden.tasks import Task

log = logging.getLogger("leyden")


class Graph(Callback):
    """Traces the network once, after training, so that the start of a run is not delayed.

    A network that is compiled, or whose parameters are split over processes, can't be traced.
    """

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if writer is None or not isinstance(task, Task):
            return
        if is_split(task.net) or is_compiled(task.net):
            return
        inputs, _ = trainer.datamodule.parts.val[Draw(0, torch.arange(1))]  # type: ignore[attr-defined]
        training = task.net.training
        task.net.eval()
        try:
            inputs = trainer.precision_plugin.convert_input((inputs, inputs))[0]
            writer.add_graph(task.net, inputs.to(task.device))
        except RuntimeError as error:
            log.warning("no graph in TensorBoard: the network can't be traced: %s", error)
        task.net.train(training)


def is_compiled(net: nn.Module) -> bool:
    """Whether a network or a part of it was compiled in place."""
    return any(module._compiled_call_impl is not None for module in net.modules())
