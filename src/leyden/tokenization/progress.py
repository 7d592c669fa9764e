"""How far the reading is: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from leyden.cli.console import messages, say, text_column
from leyden.formatting import format_bytes

SECONDS_BETWEEN_LINES = 20


@contextmanager
def shown_progress(total: int, done: int) -> Iterator[Callable[[int], None]]:
    """Gives the function that is to be told of every further length.

    Args:
        total: Length of all that there is to read, in bytes.
        done: Length of what was read before.
    """
    console = messages()
    if not console.is_terminal:
        yield Lines(total, done).add
        return
    columns = (
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        text_column("left"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("tokenize", total=total, completed=done)
        yield lambda length: bar.advance(task, length)


class Lines:
    """Progress where there is no terminal.

    Args:
        total: As for `shown_progress`.
        done: Likewise.
    """

    def __init__(self, total: int, done: int) -> None:
        self.total = total
        self.done = self.done_before = done
        self.start = self.last_line = time.monotonic()

    def add(self, length: int) -> None:
        """Writes a line if the last one is long ago."""
        self.done += length
        now = time.monotonic()
        if now - self.last_line > SECONDS_BETWEEN_LINES:
            self.last_line = now
            speed = format_bytes(int((self.done - self.done_before) / (now - self.start)))
            whole = f"{format_bytes(self.done)} of {format_bytes(self.total)}"
            say(messages(), f"read {whole}, {speed}/s")
