"""What is drawn in TensorBoard: the graph, histograms, and the run's row in the HPARAMS tab."""

import logging
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from leyden.compat.lightning import evaluation_names
from leyden.compat.tensorboard import add_summary
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


class Hyperparameters(Callback):
    """Writes the row's protocol records by themselves.

    Lightning's `log_hyperparams` would write a placeholder value for each metric as well, which
    shows in the curves. The columns here are the metrics that the run really logs; those of a
    LightningModule of the user's are seen in the validation before its training.

    Args:
        values: Hyperparameters by short name.
        config: The frozen config, as YAML.
        monitor: The metric whose best value has a column, `best/...`; None: there is none.
    """

    def __init__(
        self, *, values: dict[str, bool | int | float | str], config: str, monitor: str | None
    ) -> None:
        self.values = values
        self.config = config
        self.monitor = monitor
        self.names: list[str] = []

    def on_sanity_check_end(self, trainer: Trainer, task: LightningModule) -> None:
        self.names = evaluation_names(trainer)

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        if isinstance(task, Task):
            self.names = [name for name in task.metrics if not name.startswith("train/")]
        writer = tensorboard_writer(trainer)
        if writer is None:
            return
        for record in self._records()[:2]:  # the experiment, and that the session started
            add_summary(writer, record)
        writer.add_text("config", f"```yaml\n{self.config}\n```")

    def on_fit_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if writer is not None:
            ended_well = self._records()[2]
            add_summary(writer, ended_well)

    def _records(self) -> tuple[Any, Any, Any]:
        best = [] if self.monitor is None else [best_tag(self.monitor)]
        columns = dict.fromkeys([*best, *self.names], 0.0)
        start, session, end = hparams(self.values, columns)  # type: ignore[no-untyped-call]
        return start, session, end


def best_tag(metric: str) -> str:
    """Tag of a metric's best value: `val/loss` gives `best/val_loss`."""
    return f"best/{metric.replace('/', '_')}"
