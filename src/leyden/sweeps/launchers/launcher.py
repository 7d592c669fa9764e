"""What every launcher does."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from leyden.training.run_work import RunWork


class LauncherUnavailable(Exception):
    """The cluster accepts no job; no job of the sweep runs there."""


@dataclass(frozen=True)
class JobSpec:
    """A job that is ready to run.

    Attributes:
        work: What its processes do. The folder of the run is prepared and absolute, for other
            processes and machines.
        devices: Number of processes that share the job.
        wants_gpu: Whether it runs on GPUs where there are any.
    """

    work: RunWork
    devices: int = 1
    wants_gpu: bool = True

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return self.work.folder


@dataclass(frozen=True)
class JobEnd:
    """A job that is no longer running.

    Attributes:
        folder: Folder of the run; its record says more, unless the process died without a word.
        error: Type and message where the launcher knows of one.
    """

    folder: Path
    error: dict[str, str] | None = None


class Launcher(Protocol):
    """Runs the jobs of a sweep. How each ended is in its record."""

    slots: int
    """Tasks that it takes at a time; known once it is prepared."""

    finds_jobs: bool
    """Whether it finds the jobs again that an earlier start of the sweep has left with it."""

    def prepare(self, sweep: Path, largest: JobSpec) -> None:
        """Gets ready for the tasks of a sweep; called once, before the first.

        Args:
            sweep: Folder of the sweep.
            largest: Has as many devices as any of its tasks.

        Raises:
            ValueError: It can't run here, or not with its parameters.
        """

    def start(self, task: JobSpec) -> None:
        """Starts a task and returns at once; called only where a slot is free.

        Raises:
            LauncherUnavailable: Nothing was started.
        """

    def queued(self) -> set[Path]:
        """Folders of the started tasks that still wait for a place."""

    def wait(self, seconds: float) -> list[JobEnd]:
        """Waits for so long, or until a task ends; gives all that have ended."""

    def stop(self) -> None:
        """Asks all tasks to end after a step, with a checkpoint."""

    def kill(self) -> None:
        """Ends all tasks at once."""

    def close(self) -> None:
        """Gives back what it holds; no task is running."""
