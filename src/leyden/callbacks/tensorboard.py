"""What is drawn in TensorBoard: the graph, and histograms."""

import logging
import warnings
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.tensorboard import SummaryWriter

from leyden.compat.torch import is_compiled as compiled_in_place
from leyden.data import DataModule
from leyden.data.batches import BatchIndices
from leyden.distributed.sharding import is_split, whole
from leyden.tasks import Task
from leyden.tasks.step_count import steps_done
from leyden.types import PositiveInt


def tensorboard_writer(trainer: Trainer) -> SummaryWriter | None:
    """The writer of the first TensorBoard logger; None without one, and on all ranks but 0."""
    if not trainer.is_global_zero:
        return None
    loggers = [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]
    return loggers[0].experiment if loggers else None


def leyden_data(trainer: Trainer) -> DataModule | None:
    """The data set of a run; None where it is none of Leyden's, which gives no single samples."""
    data = getattr(trainer, "datamodule", None)
    return data if isinstance(data, DataModule) else None


log = logging.getLogger("leyden")


class Graph(Callback):
    """Traces the network once, after training, so that the start of a run is not delayed.

    A network that is compiled, or whose parameters are split over processes, can't be traced.
    """

    changes_training = False

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        data = leyden_data(trainer)
        if writer is None or not isinstance(task, Task) or data is None:
            return
        if is_split(task.net) or is_compiled(task.net):
            return
        inputs, _ = data.splits.val[BatchIndices(0, torch.arange(1))]
        training = task.net.training
        task.net.eval()
        try:
            inputs = trainer.precision_plugin.convert_input((inputs, inputs))[0]
            with warnings.catch_warnings():
                # The tracer reads all attributes of a module, also those that are to go.
                warnings.simplefilter("ignore", FutureWarning)
                writer.add_graph(task.net, inputs.to(task.device))
        except RuntimeError as error:
            log.warning("no graph in TensorBoard: the network can't be traced: %s", error)
        task.net.train(training)


def is_compiled(net: nn.Module) -> bool:
    """Whether a network or a part of it was compiled in place."""
    return any(compiled_in_place(module) for module in net.modules())


class Histograms(Callback):
    """Logs `weights/*` and `gradients/*` as histograms, and `update_ratio/*` as scalars.

    The ratio is the norm of a step's change over the norm of the weight; about 1e-3 is healthy
    (Karpathy, "makemore part 3").

    Args:
        every_n_steps: Steps between two drawings.
    """

    changes_training = False

    def __init__(self, every_n_steps: PositiveInt = 50) -> None:
        self.every_n_steps = every_n_steps
        self.before: dict[str, Tensor] = {}

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Optimizer
    ) -> None:
        writer = tensorboard_writer(trainer)
        if (steps_done(trainer) + 1) % self.every_n_steps:
            return
        for name, parameter in task.named_parameters():
            if parameter.grad is not None:
                short = name.removeprefix("net.")
                weight, gradient = whole(parameter.detach()).clone(), whole(parameter.grad)
                if writer is not None:
                    self.before[short] = weight
                    writer.add_histogram(f"weights/{short}", weight, steps_done(trainer))
                    writer.add_histogram(f"gradients/{short}", gradient, steps_done(trainer))

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        writer = tensorboard_writer(trainer)
        if steps_done(trainer) % self.every_n_steps:
            return
        for name, parameter in task.named_parameters():
            weight = whole(parameter.detach())
            old = self.before.get(name.removeprefix("net."))
            if writer is not None and old is not None and old.norm() > 0:
                ratio = (weight - old).norm() / old.norm()
                tag = f"update_ratio/{name.removeprefix('net.')}"
                writer.add_scalar(tag, ratio, steps_done(trainer))
        self.before = {}
