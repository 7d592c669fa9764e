"""A job within another engine: it runs in processes of its own, and the engine's only watches."""

import platform
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from leyden.distributed.job import JobProcesses, wait_for_end
from leyden.distributed.worker import GRACE_SECONDS
from leyden.files.json_file import read_json
from leyden.files.regular import regular
from leyden.run.lock import is_alive
from leyden.training.run_work import RunWork

LOCK = ".lock"
STOP = ".stop"
"""A file in a job's folder that asks it to end after a step: it reaches every machine."""

POLL_SECONDS = 0.5
DONE = ("completed", "pruned")
"""As in `leyden.sweeps.record`, which imports torch."""


def ask_to_stop(folder: Path) -> None:
    """Lets a job that runs elsewhere end after a step, with a checkpoint."""
    open(folder / STOP, "ab", opener=regular).close()


def allow_to_run(folder: Path) -> None:
    """Takes an earlier request to stop back.

    Whoever starts the job does it, not the job itself: a request may come before it has begun.
    """
    (folder / STOP).unlink(missing_ok=True)


class Supervised:
    """Runs a job and waits for it.

    Args:
        work: What the processes of the job do.
        devices: Number of processes that share the job.
        grace: Seconds that it may take to end, with a checkpoint, once it is told to.
    """

    def __init__(
        self,
        work: RunWork,
        *,
        devices: int,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self.work = work
        self.folder = work.folder
        self.devices = devices
        self.grace = grace
        self.is_stopping = False

    def run(self) -> dict[str, str] | None:
        """Runs the job to its end, or until it is told to stop.

        Where another process runs it, this one waits for that first: no job runs twice.

        Returns:
            What the exit of its processes says; the record may say more. None where nothing was
            left to do, or it was told to stop before it began.
        """
        lock = FileLock(self.folder / LOCK)
        while not self._is_told_to_stop():
            try:
                with lock.acquire(timeout=POLL_SECONDS):
                    return self._run_alone()
            except Timeout:
                continue
        return None

    def stop(self) -> None:
        """Asks for an end after a step, with a checkpoint; may be called by a signal's handler."""
        self.is_stopping = True

    def _run_alone(self) -> dict[str, str] | None:
        while is_at_work(self.folder):  # the job of a supervisor that was killed: it saves and ends
            time.sleep(POLL_SECONDS)
        if status_of(self.folder) in DONE or self._is_told_to_stop():
            return None
        # Cold: the engine's process has threads, so nothing may be forked from it.
        job = JobProcesses(self.work, world_size=self.devices, start="cold")
        while (code := job.poll()) is None:
            if self._is_told_to_stop():
                job.stop(seconds=self.grace)
            wait_for_end(job.sentinels, seconds=POLL_SECONDS)
        return job.exit_reason(code)

    def _is_told_to_stop(self) -> bool:
        return self.is_stopping or (self.folder / STOP).exists()


def status_of(folder: Path) -> str:
    """The status in a run's record; empty where it can't be read."""
    return str(content_of(folder).get("status", ""))


def newest_step(folder: Path) -> int:
    """Optimizer steps that the newest checkpoint of a run to resume from has; 0: there is none."""
    names = (path.stem.partition("-")[2] for path in (folder / "checkpoints").glob("step-*.json"))
    return max((int(name) for name in names if name.isdecimal()), default=0)


def is_at_work(folder: Path) -> bool:
    """Whether the process that a run's record names is alive on this machine."""
    content = content_of(folder)
    mark = content.get("process")
    if content.get("status") != "running" or mark is None or mark["host"] != platform.node():
        return False
    return is_alive(mark)


def content_of(folder: Path) -> dict[str, Any]:
    """A run's record as JSON: `Record` imports torch, which whoever only watches can spare.

    It is empty where it can't be read: whoever asked for the job says so.
    """
    try:
        content: dict[str, Any] = read_json(folder / "run.json")
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
