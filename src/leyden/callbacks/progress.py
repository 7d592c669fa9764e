"""How far, how good, how fast: a bar on a terminal, a line a validation elsewhere."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from leyden.callbacks.log_step import is_log_step
from leyden.tasks import Task


class Progress(Callback):
    """Shows the steps of the whole run on standard error."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.bar: Bar | None = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        if not self.console.is_terminal or not trainer.is_global_zero:
            return
        self.bar = Bar(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("[cyan]{task.fields[metrics]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
        )
        self.bar.start()
        total = int(trainer.estimated_stepping_batches)
        self.bar.add_task("train", total=total, completed=trainer.global_step, metrics="")

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if self.bar is not None:
            shown = {"completed": trainer.global_step}
            if is_log_step(trainer, trainer.global_step):
                shown["metrics"] = shown_metrics(trainer, task)  # type: ignore[assignment]
            self.bar.update(self.bar.task_ids[0], **shown)  # type: ignore[arg-type]

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        metrics = shown_metrics(trainer, task)
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], metrics=metrics)
        else:
            total = int(trainer.estimated_stepping_batches)
            self.console.print(f"step {trainer.global_step}/{total}  {metrics}", soft_wrap=True)

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._stop()

    def on_exception(self, *_: Any) -> None:
        self._stop()

    def _stop(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


def shown_metrics(trainer: Trainer, task: LightningModule) -> str:
    """The task's training and validation metrics and the speed, in a few words."""
    assert isinstance(task, Task)
    names = [name for name in task.metrics if not name.startswith("test/")]
    values = trainer.callback_metrics
    words = [f"{name} {float(values[name]):.4g}" for name in names if name in values]
    if "throughput" in values:
        words.append(f"{float(values['throughput']):,.0f} {task.unit}/s")
    return "  ".join(words)
