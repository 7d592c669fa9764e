"""Runs the jobs of a sweep to their ends, whatever these are."""

import math
import time
from pathlib import Path
from types import FrameType

from leyden.config.compose import SweepSettings
from leyden.distributed.stop_signal import StopRequests, handling
from leyden.distributed.worker import GRACE_SECONDS
from leyden.errors import ConfigError
from leyden.events import Note, Observer
from leyden.run.lock import is_alive
from leyden.run.record import Record, now
from leyden.sweeps.events import JobEnded, JobStarted, SweepProgress, SweepStopping
from leyden.sweeps.failure import HOPELESS, LOST, lost
from leyden.sweeps.jobs import Jobs, folder_of
from leyden.sweeps.launchers import JobEnd, Launcher, LauncherUnavailable
from leyden.sweeps.launchers.supervise import ask_to_stop
from leyden.sweeps.objective import update_entry
from leyden.sweeps.record import JobEntry, SweepRecord
from leyden.training.recovery import prepare_attempt

SECONDS_BETWEEN_LOOKS = 0.25
CRASHED = "crashed"
CANCELLED = "cancelled"
GONE = {"type": CRASHED, "message": "its process is gone"}

MOST_WITHOUT_A_STEP = 3
"""So often in a row a job may be interrupted by others without having come further."""

SECONDS_TO_LEAVE = 2 * GRACE_SECONDS
"""A job whose watcher is gone is told to stop and has so long for it, on another machine."""


class Controller:
    """Keeps the slots of a launcher filled until every job has ended.

    Args:
        record: Record of the sweep; written after each change.
        jobs: What is to be done.
        adopted: Jobs of an earlier start that still run somewhere.
        launcher: Runs them; it is prepared.
        settings: How failures are met.
        observer: Is told of the events of the sweep.
    """

    def __init__(
        self,
        record: SweepRecord,
        *,
        jobs: Jobs,
        adopted: list[JobEntry],
        launcher: Launcher,
        settings: SweepSettings,
        observer: Observer,
    ) -> None:
        self.record = record
        self.jobs = jobs
        self.launcher = launcher
        self.settings = settings
        self.emit = observer
        self.running: dict[Path, JobEntry] = {}
        self.adopted = {folder_of(record, entry).absolute(): entry for entry in adopted}
        self.left_when: dict[Path, float] = {}
        """When a launcher gave up adopted jobs that may run on."""
        self.interruptions: dict[Path, tuple[int, int]] = {}
        """Of jobs that others interrupted: at which step, and how often there."""
        self.has_said_full = False
        self.has_started = False
        self.is_stopping = False
        self.was_interrupted = False
        self.requests = StopRequests()

    def run(self) -> None:
        """Starts jobs as slots become free, until none is left or the user stops it."""
        with handling(self._handle):
            while self._fill() or self.running or self.adopted:
                ends = [*self.launcher.wait(SECONDS_BETWEEN_LOOKS), *self._adopted_ends()]
                for ended in ends:
                    self._settle(ended)
                if ends:
                    self.record.write_soon()
                self._note_queued()
                self._write()
                self.emit(SweepProgress(self.record, list(self.running), self.jobs.left()))

    def _write(self) -> None:
        """Writes the sweep's record, if it is time; a full disk ends no sweep."""
        try:
            self.record.catch_up()
        except OSError as error:
            if not self.has_said_full:
                note = f"sweep.json can't be written: {error}; the jobs' own records go on"
                self.emit(Note(note))
            self.has_said_full = True

    def _fill(self) -> bool:
        """Starts what fits; whether anything was started."""
        started = False
        while not self.is_stopping and self._num_busy < self.launcher.slots:
            following = self.jobs.next()
            if following is None:
                break
            entry, task = following
            if task is None:
                self.emit(JobEnded(entry, self.record))
                continue
            entry.attempts += 1
            try:
                self.launcher.start(task)
            except LauncherUnavailable as error:
                entry.attempts -= 1
                self._end_without_engine(error)
                break
            except (OSError, EOFError) as error:  # the machine has no process, memory or disk left
                self._end_as_failed(entry, {"type": "launcher", "message": str(error)})
                continue
            entry.state = "running"
            self.running[task.folder] = entry
            self.has_started = True
            self.record.write_soon()
            self.emit(JobStarted(task.folder))
            started = True
        return started

    def _end_without_engine(self, error: LauncherUnavailable) -> None:
        """Ends the sweep where its engine takes no more jobs.

        Raises:
            LauncherUnavailable: It has taken none at all.
        """
        if not self.has_started:
            raise error
        self.emit(Note(str(error)))
        self.was_interrupted = True
        self._stop()

    def _note_queued(self) -> None:
        """Tells jobs that wait for a place in an engine from those that run."""
        queued = self.launcher.queued()
        for folder, entry in self.running.items():
            state = "pending" if folder in queued else "running"
            if entry.state != state:
                entry.state = state
                self.record.write_soon()

    @property
    def _num_busy(self) -> int:
        return len(self.running) + len(self.adopted)

    def _settle(self, ended: JobEnd) -> None:
        """Takes over what became of a job, from its record."""
        entry = self.running.pop(ended.folder, None) or self.adopted.pop(ended.folder, None)
        if entry is None:
            return
        try:
            run = Record.read(ended.folder)
            if self._runs_on(run, ended):
                self.adopted[ended.folder] = entry
                self.left_when.setdefault(ended.folder, time.monotonic())
                return
            self._complete(run, ended)
        except (ConfigError, OSError) as error:
            self._end_as_failed(entry, lost(error))
            return
        self._take(entry, run, was_cancelled=is_cancelled(ended))

    def _take(self, entry: JobEntry, run: Record, *, was_cancelled: bool) -> None:
        """Notes how a job ended, and whether it is started once more."""
        update_entry(entry, run, self.record)
        if not was_cancelled and self._is_tried_again(entry, run):
            self.jobs.again(entry)
        elif entry.state not in ("interrupted", CRASHED):
            self.jobs.ended(entry)
            if self.settings.fail_fast and entry.failure is not None:
                self._stop()
        self.emit(JobEnded(entry, self.record))

    def _end_as_failed(self, entry: JobEntry, error: dict[str, str]) -> None:
        """Notes a job of which nothing can be read; the others are none the worse."""
        entry.state, entry.failure, entry.error, entry.objective = "failed", LOST, error, []
        self.jobs.ended(entry)
        self.emit(JobEnded(entry, self.record))
        self.record.write_soon()

    def _runs_on(self, run: Record, ended: JobEnd) -> bool:
        """Whether only what watched a job is gone: the job itself stops with a checkpoint soon."""
        is_over = ended.error is None or ended.error["type"] == CRASHED or not is_running(run)
        since = self.left_when.get(ended.folder, time.monotonic())
        return not is_over and time.monotonic() < since + SECONDS_TO_LEAVE

    def _complete(self, run: Record, ended: JobEnd) -> None:
        """Notes in a job's record that its process died without a word."""
        timed_out = ended.error is not None and ended.error["type"] == "timeout"
        if ended.error is not None and ended.error["type"] == CRASHED and not self.is_stopping:
            run.status = "crashed"
        elif run.status in ("pending", "running"):
            was_stopped = self.is_stopping or is_cancelled(ended)
            run.status = "interrupted" if was_stopped else "failed"
            run.error, run.ended = ended.error, now()
            run.write()
        elif run.status == "interrupted" and timed_out and not self.is_stopping:
            run.status, run.error = "failed", ended.error
            run.write()

    def _is_tried_again(self, entry: JobEntry, run: Record) -> bool:
        if self.is_stopping:
            return False
        if entry.state in (CRASHED, "interrupted"):  # by others: this sweep has stopped none
            return self._comes_further(entry, run)
        if prepare_attempt(run, entry.state) is not None:
            return True
        is_failed = entry.failure is not None and entry.failure not in HOPELESS
        return is_failed and entry.attempts <= self.settings.retry

    def _comes_further(self, entry: JobEntry, run: Record) -> bool:
        """Whether a job that others interrupt is still worth another start."""
        step, (before, count) = run.steps or 0, self.interruptions.get(run.folder, (-1, 0))
        count = count + 1 if step <= before else 1
        self.interruptions[run.folder] = step, count
        if count < MOST_WITHOUT_A_STEP:
            return True
        reason = (run.error or GONE)["message"]
        message = f"was ended {count} times without coming further; the last time: {reason}"
        entry.state, entry.failure = "failed", "killed"
        entry.error = {"type": "interrupted", "message": message}
        return False

    def _adopted_ends(self) -> list[JobEnd]:
        return [ended for folder in self.adopted if (ended := self._adopted_end(folder))]

    def _adopted_end(self, folder: Path) -> JobEnd | None:
        try:
            run = Record.read(folder)
        except ConfigError:
            return JobEnd(folder)
        is_late = time.monotonic() > self.left_when.get(folder, math.inf) + SECONDS_TO_LEAVE
        if is_running(run) and not is_late:
            return None
        return JobEnd(folder, None if run.status != "running" else GONE)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requests.note(number, when=time.monotonic()):
            self.launcher.kill()
        elif not self.was_interrupted:
            self.was_interrupted = True
            self.emit(SweepStopping())
            self._stop()

    def _stop(self) -> None:
        self.is_stopping = True
        for folder in self.adopted:
            ask_to_stop(folder)
        self.adopted.clear()
        self.launcher.stop()


def is_cancelled(ended: JobEnd) -> bool:
    """Whether someone has cancelled a job in the engine that ran it, and so wants no more of it."""
    return ended.error is not None and ended.error["type"] == CANCELLED


def is_running(run: Record) -> bool:
    """Whether a job's process is alive."""
    return run.status == "running" and run.process is not None and is_alive(run.process)
