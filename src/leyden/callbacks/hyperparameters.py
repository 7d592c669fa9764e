"""What a run was set to, for all loggers; TensorBoard's HPARAMS tab and chart of both losses."""

import re

import yaml
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.compat.lightning import evaluation_names
from leyden.compat.tensorboard import add_summary
from leyden.loggers.hparams_table import columns_record, end_record, in_order, start_record
from leyden.run.hyperparameters import ShortHyperparameters
from leyden.tasks import Task


class Hyperparameters(Callback):
    """Gives the hyperparameters and the config to all loggers.

    Loggers but TensorBoard's get both by `log_hyperparams`: the hyperparameters under their short
    names, the whole config below `config`. Of TensorBoard the row's records are written here:
    Lightning's `log_hyperparams` would write a placeholder value for each metric as well, which
    shows in the curves. The columns here are the metrics that the run really logs; those of a
    LightningModule of the user's are seen in the validation before its training.

    Args:
        hyperparameters: What the run was set to.
        config: The frozen config, as YAML.
        monitor: The metric whose best value has a column, `best/...`; None: there is none.
    """

    def __init__(
        self, *, hyperparameters: ShortHyperparameters, config: str, monitor: str | None
    ) -> None:
        self.hyperparameters = hyperparameters
        self.config = config
        self.monitor = monitor
        self.names: list[str] = []

    def on_sanity_check_end(self, trainer: Trainer, task: LightningModule) -> None:
        self.names = evaluation_names(trainer)

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        if isinstance(task, Task):
            self.names = [name for name in task.metrics if not name.startswith("train/")]
        values = self.hyperparameters.values
        for logger in trainer.loggers:
            if not isinstance(logger, TensorBoardLogger):
                logger.log_hyperparams({**values, "config": yaml.safe_load(self.config)})
        writer = tensorboard_writer(trainer)
        if writer is None:
            return
        first = {
            name: [*known, *([values[name]] if name in values else [])]
            for name, known in self.hyperparameters.chosen.items()
        }
        add_summary(writer, columns_record(first, values, in_order(self.names, self.monitor)))
        add_summary(writer, start_record(values))
        writer.add_text("config", f"```yaml\n{self.config}\n```")
        if layout := charts(self.names):
            writer.add_custom_scalars(layout)

    def on_fit_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if writer is not None:
            add_summary(writer, end_record())


def charts(names: list[str]) -> dict[str, dict[str, list[str | list[str]]]]:
    """The layout of the CUSTOM SCALARS tab: the losses in one chart, the first score in another.

    A chart takes what it finds of its tags in each run: none is missing where a run lacks one.

    Args:
        names: Metrics of the validation and test parts.

    Returns:
        The charts of each category by title; none where there is no `val/loss`.
    """
    shown = [name.removeprefix("val/") for name in names if name.startswith("val/")]
    if "loss" not in shown:
        return {}
    few = ["loss", *(name for name in shown if name != "loss")][:2]
    found: dict[str, list[str | list[str]]] = {
        name: ["Multiline", [f"^(train|val)/{re.escape(name)}$"]] for name in few
    }
    return {"training and validation": found}
