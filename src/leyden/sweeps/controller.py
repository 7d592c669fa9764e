"""Runs the jobs of a sweep to their ends, whatever these are."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from leyden.config.plan import Settings
from leyden.runs.process_mark import is_alive
from leyden.runs.record import Record, now
from leyden.second_try import prepare_second_try
from leyden.sweeps.board import Board
from leyden.sweeps.failure import HOPELESS, failure_of
from leyden.sweeps.jobs import Jobs, folder_of
from leyden.sweeps.launchers import Ended, Launcher
from leyden.sweeps.launchers.supervise import ask_to_stop
from leyden.sweeps.objective import objective_value
from leyden.sweeps.record import JobEntry, SweepRecord

SECONDS_BETWEEN_LOOKS = 0.25
CRASHED = "crashed"
GONE = {"type": CRASHED, "message": "its process is gone"}


class Controller:
    """Keeps the slots of a launcher filled until every job has ended.

    Args:
        record: The sweep's; written after each change.
        jobs: What is to be done.
        adopted: Jobs of an earlier start that still run somewhere.
        launcher: Runs them; it is prepared.
        settings: How failures are met.
        board: Shows how it goes.
    """

    def __init__(
        self,
        record: SweepRecord,
        *,
        jobs: Jobs,
        adopted: list[JobEntry],
        launcher: Launcher,
        settings: Settings,
        board: Board,
    ) -> None:
        self.record = record
        self.jobs = jobs
        self.launcher = launcher
        self.settings = settings
        self.board = board
        self.running: dict[Path, JobEntry] = {}
        self.adopted = {folder_of(record, entry).absolute(): entry for entry in adopted}
        self.is_stopping = False
        self.was_interrupted = False

    def run(self) -> None:
        """Starts jobs as slots become free, until none is left or the user stops it."""
        with self._signals():
            while self._fill() or self.running or self.adopted:
                ends = [*self.launcher.wait(SECONDS_BETWEEN_LOOKS), *self._adopted_ends()]
                for ended in ends:
                    self._settle(ended)
                if ends:
                    self.record.write_soon()
                self.record.catch_up()
                self.board.update(self.record, self.running, self.jobs.left())

    def _fill(self) -> bool:
        """Starts what fits; whether anything was started."""
        started = False
        while not self.is_stopping and len(self.running) < self.launcher.slots:
            following = self.jobs.next()
            if following is None:
                break
            entry, task = following
            if task is None:
                self.board.ended(entry, self.record)
                continue
            entry.attempts += 1
            entry.state = "running"
            self.running[task.folder] = entry
            self.launcher.start(task)
            self.record.write_soon()
            self.board.started(entry, task.folder)
            started = True
        return started

    def _settle(self, ended: Ended) -> None:
        """Takes over what became of a job, from its record."""
        entry = self.running.pop(ended.folder, None) or self.adopted.pop(ended.folder, None)
        if entry is None:
            return
        run = self._completed_record(ended)
        take_over(entry, run, self.record)
        if self._is_tried_again(entry):
            self.jobs.again(entry)
        elif entry.state not in ("interrupted", CRASHED):
            self.jobs.ended(entry)
            if self.settings.fail_fast and entry.failure is not None:
                self._stop()
        self.board.ended(entry, self.record)

    def _completed_record(self, ended: Ended) -> Record:
        """The record of a job; where its process died without a word, that is noted in it."""
        run = Record.read(ended.folder)
        timed_out = ended.error is not None and ended.error["type"] == "timeout"
        if ended.error is not None and ended.error["type"] == CRASHED and not self.is_stopping:
            run.status = "crashed"
        elif run.status in ("pending", "running"):
            run.status = "interrupted" if self.is_stopping else "failed"
            run.error, run.ended = ended.error, now()
            run.write()
        elif run.status == "interrupted" and timed_out and not self.is_stopping:
            run.status, run.error = "failed", ended.error
            run.write()
        return run

    def _is_tried_again(self, entry: JobEntry) -> bool:
        if self.is_stopping:
            return False
        if entry.state == CRASHED:  # an adopted one, of which nothing more is known
            return True
        run = Record.read(folder_of(self.record, entry))
        if prepare_second_try(run, entry.state) is not None:
            return True
        is_failed = entry.failure is not None and entry.failure not in HOPELESS
        return is_failed and entry.attempts <= self.settings.retry

    def _adopted_ends(self) -> list[Ended]:
        return [
            Ended(folder, None if run.status != "running" else GONE)
            for folder in self.adopted
            if not is_running(run := Record.read(folder))
        ]

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The first Ctrl-C or SIGTERM stops the jobs after a step, the second at once."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._handle) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.was_interrupted:
            self.launcher.kill()
        else:
            self.was_interrupted = True
            self.board.stopping()
            self._stop()

    def _stop(self) -> None:
        self.is_stopping = True
        for folder in self.adopted:
            ask_to_stop(folder)
        self.adopted.clear()
        self.launcher.stop()


def take_over(entry: JobEntry, run: Record, record: SweepRecord) -> None:
    """Writes what a job's own record says into the sweep's."""
    content = vars(run)
    entry.state = run.status
    entry.seconds = run.seconds
    entry.error = run.error
    entry.failure = failure_of(content)
    entry.objective = [objective_value(objective, content) for objective in record.objectives]


def is_running(run: Record) -> bool:
    """Whether a job's process is alive."""
    return run.status == "running" and run.process is not None and is_alive(run.process)
