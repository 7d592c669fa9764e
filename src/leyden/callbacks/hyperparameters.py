"""The run's row in TensorBoard's HPARAMS tab, and its config in the TEXT tab."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.tensorboard.summary import hparams

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.tasks import Task


class Hyperparameters(Callback):
    """Writes the row's protocol records by themselves.

    Lightning's `log_hyperparams` would write a placeholder value for each metric as well, which
    shows in the curves. The columns here are the metrics that the run really logs.

    Args:
        values: Hyperparameters by short name.
        config: The frozen config, as YAML.
        monitor: The metric whose best value has a column, `best/...`.
    """

    def __init__(
        self, *, values: dict[str, bool | int | float | str], config: str, monitor: str
    ) -> None:
        self.values = values
        self.config = config
        self.monitor = monitor

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if writer is None or not isinstance(task, Task):
            return
        for record in self._records(task)[:2]:  # the experiment, and that the session started
            writer._get_file_writer().add_summary(record)  # type: ignore[no-untyped-call]
        writer.add_text("config", f"```yaml\n{self.config}\n```")

    def on_fit_end(self, trainer: Trainer, task: LightningModule) -> None:
        writer = tensorboard_writer(trainer)
        if writer is not None and isinstance(task, Task):
            ended_well = self._records(task)[2]
            writer._get_file_writer().add_summary(ended_well)  # type: ignore[no-untyped-call]

    def _records(self, task: Task) -> tuple[Any, Any, Any]:
        names = [name for name in task.metrics if not name.startswith("train/")]
        columns = dict.fromkeys([best_tag(self.monitor), *names], 0.0)
        start, session, end = hparams(self.values, columns)  # type: ignore[no-untyped-call]
        return start, session, end


def best_tag(metric: str) -> str:
    """Tag of a metric's best value: `val/loss` gives `best/val_loss`."""
    return f"best/{metric.replace('/', '_')}"
