"""How a sweep goes, on the terminal: a table that lives, or a line for each job elsewhere."""

import time
from collections import Counter, deque
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from leyden.runs.record import error_line
from leyden.sweeps.record import DONE, JobEntry, SweepRecord, best_entry
from leyden.terminal import format_number, format_seconds, messages, printable

SECONDS_BETWEEN_DRAWINGS = 0.5


class Board:
    """Shows jobs, slots, the best so far and the time left on standard error.

    Args:
        slots: Jobs at a time.
        total: Jobs in all.
    """

    def __init__(self, *, slots: int, total: int) -> None:
        self.slots = slots
        self.total = total
        self.console = messages()
        self.live: Live | None = None
        self.since: dict[str, float] = {}
        self.began = time.monotonic()
        self.ended_here = 0
        self.last_drawing = 0.0
        self.recent: deque[str] = deque(maxlen=5)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live = Live(console=self.console, transient=True, auto_refresh=False)
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.stop()

    def started(self, entry: JobEntry, folder: Path) -> None:
        """A job was started."""
        self.since[folder.name] = time.monotonic()

    def ended(self, entry: JobEntry, record: SweepRecord) -> None:
        """A job ended. Its line stays where there is no table, or where it has failed."""
        self.ended_here += 1
        color = "" if entry.state in DONE else "[red]"
        words = [f"{_num_ended(record)}/{self.total}", entry.folder or "", f"{color}{entry.state}"]
        if color and entry.failure is not None:
            reason = entry.failure if entry.error is None else error_line(entry.error)
            words.append(escape(printable(reason)))
        elif entry.objective and entry.objective[0] is not None:
            words.append(f"{record.objectives[0].metric} {format_number(entry.objective[0])}")
        words.append(format_seconds(entry.seconds))
        line = "  ".join(filter(None, words))
        if color or self.live is None:
            self.console.print(line)
        else:
            self.recent.append(line)

    def stopping(self) -> None:
        """The user stopped the sweep."""
        self.console.print(
            "[yellow]stopping: jobs end after a step and save; Ctrl-C again ends them at once"
        )

    def update(self, record: SweepRecord, running: dict[Path, JobEntry], left: int) -> None:
        """Draws the table anew."""
        now = time.monotonic()
        if self.live is None or now - self.last_drawing < SECONDS_BETWEEN_DRAWINGS:
            return
        self.last_drawing = now
        self.live.update(Group(self._summary(record, running, left), self._table(running)))
        self.live.refresh()

    def _summary(self, record: SweepRecord, running: dict[Path, JobEntry], left: int) -> Text:
        states = Counter(entry.state for entry in record.jobs)
        failed = sum(states[state] for state in ("failed", "diverged", "oom"))
        words = [
            f"{_num_ended(record)}/{self.total} done",
            f"{len(running)} of {self.slots} slots busy",
        ]
        words += [f"{failed} failed"] if failed else []
        best = best_entry(record)
        if best is not None:
            objective = record.objectives[0]
            value = format_number(best.objective[0])
            words.append(f"best {objective.metric} {value} by {' '.join(best.overrides)}")
        if self.ended_here:
            each = (time.monotonic() - self.began) / self.ended_here
            words.append(f"about {format_seconds(each * (left + len(running) / 2))} left")
        return Text(printable("  |  ".join(words)), style="bold", overflow="ellipsis")

    def _table(self, running: dict[Path, JobEntry]) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        for line in self.recent:
            table.add_row(Text(line, style="dim"))
        for folder in running:
            seconds = time.monotonic() - self.since.get(folder.name, time.monotonic())
            table.add_row(Text(folder.name, style="cyan"), format_seconds(seconds))
        return table


def _num_ended(record: SweepRecord) -> int:
    return sum(entry.state not in ("pending", "running") for entry in record.jobs)
