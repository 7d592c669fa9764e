"""How far, how good, how fast: a bar on a terminal, a line now and then elsewhere."""

import time
from contextlib import suppress
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.progress import BarColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from leyden.cli.console import messages, say, text_column
from leyden.formatting import printable
from leyden.tasks import Task
from leyden.tasks.logging import is_log_step

SECONDS_BETWEEN_LINES = 20
SECONDS_AFTER_VALIDATION = 2
"""Short epochs would fill the screen with lines."""


class Progress(Callback):
    """Shows the steps of the whole run on standard error."""

    def __init__(self) -> None:
        self.console = messages(soft_wrap=False)
        self.bar: Bar | None = None
        self.last_line = 0.0
        self.last_step: int | None = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.last_line = time.monotonic()
        if not self.console.is_terminal or not trainer.is_global_zero:
            return
        total = int(trainer.estimated_stepping_batches)
        count = Column(no_wrap=True, min_width=2 * len(str(total)) + 1)
        self.bar = Bar(
            BarColumn(bar_width=8),
            text_column("{task.completed}/{task.total}", table_column=count),
            TimeRemainingColumn(),
            text_column("left"),
            text_column(
                "{task.fields[metrics]}",
                style="cyan",
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=self.console,
            expand=True,
        )
        self.bar.start()
        self.bar.add_task("train", total=total, completed=trainer.global_step, metrics="")

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=trainer.global_step)
        if is_log_step(trainer, trainer.global_step):
            self._show(trainer, task, is_due=self._is_due(SECONDS_BETWEEN_LINES))

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._show(trainer, task, is_due=self._is_due(SECONDS_AFTER_VALIDATION))

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        # The last validation may have been within the epoch, and some steps ago.
        self._show(trainer, task, is_due=self.last_step != trainer.global_step)
        self._stop()

    def on_exception(self, *_: Any) -> None:
        self._stop()

    def _is_due(self, seconds: float) -> bool:
        return time.monotonic() - self.last_line > seconds

    def _show(self, trainer: Trainer, task: LightningModule, *, is_due: bool) -> None:
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], metrics=shown_metrics(trainer, task))
        elif is_due and trainer.is_global_zero:
            total, metrics = int(trainer.estimated_stepping_batches), shown_metrics(trainer, task)
            say(messages(), f"step {trainer.global_step}/{total}  {metrics}")
            self.last_line, self.last_step = time.monotonic(), trainer.global_step

    def _stop(self) -> None:
        if self.bar is not None:
            with suppress(OSError):  # the terminal may have been closed, which is why the run stops
                self.bar.stop()
            self.bar = None


def shown_metrics(trainer: Trainer, task: LightningModule) -> str:
    """The first two validation metrics, training loss and speed, in a few words."""
    assert isinstance(task, Task)
    names = [name for name in task.metrics if name.startswith("val/")][:2]
    values = trainer.callback_metrics
    words = [
        f"{name} {float(values[name]):.4g}" for name in [*names, "train/loss"] if name in values
    ]
    if "throughput" in values:
        words.append(f"{float(values['throughput']):,.0f} {task.unit}/s")
    return printable("  ".join(words))
