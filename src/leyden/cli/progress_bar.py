"""The training of a run: a bar on a terminal, a line now and then elsewhere."""

import time
from contextlib import suppress

from rich.progress import BarColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from leyden.callbacks.progress import TrainingProgress
from leyden.cli.console import messages, say, text_column

SECONDS_BETWEEN_LINES = 20
SECONDS_AFTER_VALIDATION = 2
"""Short epochs would fill the screen with lines."""


class ProgressBar:
    """Shows the steps of a run on standard error."""

    def __init__(self) -> None:
        self.console = messages(soft_wrap=False)
        self.bar: Bar | None = None
        self.last_line = time.monotonic()
        self.last_step: int | None = None

    def show(self, progress: TrainingProgress) -> None:
        """Shows how far the training is."""
        if progress.moment == "start":
            self._start(progress)
        elif self.bar is not None:
            self._draw(progress)
        elif self._is_line_due(progress):
            total = "" if progress.total is None else f"/{progress.total}"
            say(messages(), f"step {progress.step}{total}  {progress.metrics()}")
            self.last_line, self.last_step = time.monotonic(), progress.step
        if progress.moment in ("end", "failure"):
            self._stop()

    def _start(self, progress: TrainingProgress) -> None:
        self.last_line = time.monotonic()
        if not self.console.is_terminal:
            return
        total = progress.total
        count = Column(no_wrap=True, min_width=2 * len(str(total or "")) + 1)
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
        self.bar.add_task("train", total=total, completed=progress.step, metrics="")

    def _draw(self, progress: TrainingProgress) -> None:
        assert self.bar is not None
        (number,) = self.bar.task_ids
        self.bar.update(number, completed=progress.step)
        if progress.moment in ("log step", "validation", "end"):
            self.bar.update(number, metrics=progress.metrics())

    def _is_line_due(self, progress: TrainingProgress) -> bool:
        if progress.moment == "end":  # the last validation may have been some steps ago
            return self.last_step != progress.step
        waits = {"log step": SECONDS_BETWEEN_LINES, "validation": SECONDS_AFTER_VALIDATION}
        wait = waits.get(progress.moment)
        return wait is not None and time.monotonic() - self.last_line > wait

    def _stop(self) -> None:
        if self.bar is not None:
            with suppress(OSError):  # the terminal may have been closed, which is why the run stops
                self.bar.stop()
            self.bar = None
