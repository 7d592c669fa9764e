"""How a sweep goes, on the terminal: a table that lives, or a line for each job elsewhere."""

import time
from collections import Counter, deque
from pathlib import Path

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.live import Live

from leyden.cli.console import messages, say, say_wrapped, styled
from leyden.cli.layout import SHORTEST_TEXT, Column, cut, lay_out, shortened
from leyden.cli.sweep_summary import named
from leyden.events import Event
from leyden.formatting import format_number, format_seconds, printable
from leyden.run.listing import last_logged
from leyden.run.record import error_line
from leyden.sweeps.events import JobEnded, JobsEnded, JobStarted, SweepProgress, SweepStopping
from leyden.sweeps.objective import best_configuration
from leyden.sweeps.record import DONE, JobEntry, SweepRecord

SECONDS_BETWEEN_DRAWINGS = 0.5


class SweepTable:
    """Shows jobs, slots, the best so far and the time left on standard error.

    Args:
        slots: Jobs that run at a time.
        total: Number of all jobs.
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
        if self.console.is_terminal:
            self.live = Live(console=self.console, transient=True, auto_refresh=False)
            self.live.start()

    def show(self, event: Event) -> None:
        """Shows an event of the sweep."""
        match event:
            case JobStarted():
                self.since[event.folder.name] = time.monotonic()
            case JobEnded():
                self._show_end(event.entry, event.record)
            case SweepProgress():
                self._draw(event)
            case SweepStopping():
                text = "stopping: jobs end after a step and save; Ctrl-C again ends them at once"
                say_wrapped(self.console, text, style="yellow")
            case JobsEnded() if self.live is not None:
                self.live.stop()

    def _show_end(self, entry: JobEntry, record: SweepRecord) -> None:
        """Shows how a job ended. Its line stays where there is no table, or where it has failed."""
        self.ended_here += 1
        is_done = entry.state in DONE
        line = job_line(
            entry,
            record.objectives[0].metric,
            count=f"{_num_ended(record)}/{self.total}",
            width=self.console.width if self.console.is_terminal else None,
        )
        if not is_done or self.live is None:
            say(self.console, line, style="" if is_done else "red")
        else:
            self.recent.append(line)

    def _draw(self, progress: SweepProgress) -> None:
        """Draws the table anew."""
        now = time.monotonic()
        if self.live is None or now - self.last_drawing < SECONDS_BETWEEN_DRAWINGS:
            return
        self.last_drawing = now
        recent = [styled(f"  {line}", style="dim") for line in self.recent]
        running = progress.running
        summary = self._summary(progress.record, running, progress.left)
        self.live.update(Group(*summary, *recent, *self._running(running)))
        self.live.refresh()

    def _summary(self, record: SweepRecord, running: list[Path], left: int) -> list[RenderableType]:
        states = Counter(entry.state for entry in record.jobs)
        failed = sum(states[state] for state in ("failed", "diverged", "oom"))
        words = [
            f"{_num_ended(record)}/{self.total} done",
            f"{len(running)} of {self.slots} slots busy",
        ]
        words += [f"{failed} failed"] if failed else []
        if self.ended_here:
            each = (time.monotonic() - self.began) / self.ended_here
            words.append(f"about {format_seconds(each * (left + len(running) / 2))} left")
        lines, best = ["  |  ".join(words)], best_configuration(record)
        if best is not None:
            lines.append(f"best {best.score} by {named(best.overrides)}")
        fitting = [cut(printable(line), self.console.width) for line in lines]
        return [styled(line, style="bold") for line in fitting]

    def _running(self, running: list[Path]) -> list[RenderableType]:
        """Each running job with its time, step and training loss."""
        rows = []
        for folder in running:
            seconds = time.monotonic() - self.since.get(folder.name, time.monotonic())
            step, loss = last_logged(folder)
            step_words = "" if step is None else f"step {step:,}"
            loss_words = "" if loss is None else f"loss {format_number(loss)}"
            rows.append([folder.name, format_seconds(seconds), step_words, loss_words])
        columns = [Column(""), Column("", is_number=True), Column(""), Column("")]
        lines = lay_out(columns, rows, width=self.console.width - 2).lines[1:]
        return [styled(f"  {line}", style="cyan") for line in lines]


def job_line(entry: JobEntry, metric: str, *, count: str, width: int | None) -> str:
    """What became of a job, in a line.

    Args:
        entry: Entry of a job that has ended.
        metric: What jobs are compared by.
        count: How many of how many have ended.
        width: Width of the terminal, in which the line has to fit; None: there is none.
    """
    words = [format_seconds(entry.seconds)]
    is_told = entry.failure is not None or (entry.state == "pending" and entry.error is not None)
    if entry.state not in DONE and is_told:
        words.append(str(entry.failure) if entry.error is None else error_line(entry.error))
    elif entry.objective and entry.objective[0] is not None:
        words.insert(0, f"{metric} {format_number(entry.objective[0])}")
    rest = printable("  ".join([entry.state, *words]))
    name = printable(entry.folder or " ".join(entry.overrides))
    if width is None:
        return f"{count}  {name}  {rest}"
    room = width - len(count) - 4
    (name,) = shortened([name], max(SHORTEST_TEXT, room - cell_len(rest)))
    return cut(f"{count}  {name}  {rest}", width)


def _num_ended(record: SweepRecord) -> int:
    return sum(entry.state not in ("pending", "running") for entry in record.jobs)
