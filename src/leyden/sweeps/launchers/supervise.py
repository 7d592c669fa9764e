"""A job within another engine: it runs in processes of its own, and the engine's only watches."""

from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from leyden.processes.job import JobProcesses, look
from leyden.runs.files import regular

if TYPE_CHECKING:
    from leyden.sweeps.trial import Trial

LOCK = ".lock"
STOP = ".stop"
"""A file in a job's folder that asks it to end after a step: it reaches every machine."""


def ask_to_stop(folder: Path) -> None:
    """Lets a job that runs elsewhere end after a step, with a checkpoint."""
    open(folder / STOP, "ab", opener=regular).close()


class Supervised:
    """Runs a job and waits for it.

    Args:
        folder: The run's.
        devices: Processes that share it.
        trial: Of a search.
    """

    def __init__(self, folder: Path, *, devices: int, trial: "Trial | None" = None) -> None:
        self.folder = folder
        self.devices = devices
        self.trial = trial
        self.job: JobProcesses | None = None

    def run(self) -> dict[str, str] | None:
        """Runs it to its end.

        Returns:
            What its processes' exit says; the record may say more. None where another process
            runs the job already.
        """
        try:
            with FileLock(self.folder / LOCK).acquire(timeout=0):
                return self._run()
        except Timeout:
            return None

    def stop(self) -> None:
        """Lets the job end after a step, with a checkpoint, and waits for it."""
        if self.job is not None:
            self.job.stop()
            self.job.wait()

    def _run(self) -> dict[str, str]:
        (self.folder / STOP).unlink(missing_ok=True)
        # Cold: the engine's process has threads, so nothing may be forked from it.
        self.job = JobProcesses(
            self.folder, world_size=self.devices, start="cold", trial=self.trial
        )
        while (code := self.job.poll()) is None:
            if (self.folder / STOP).exists():
                self.job.stop()
            look(self.job.sentinels, seconds=0.5)
        return self.job.death(code)
