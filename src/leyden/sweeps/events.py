"""What a sweep tells while its jobs run."""

from dataclasses import dataclass
from pathlib import Path

from pytorch_lightning import LightningDataModule

from leyden.events import Event
from leyden.sweeps.record import JobEntry, SweepRecord


@dataclass(frozen=True)
class DataRead(Event):
    """The data sets of the jobs have been read.

    Attributes:
        data_sets: For each job the option of the group `data`, and the data set.
    """

    data_sets: list[tuple[str, LightningDataModule]]


@dataclass(frozen=True)
class SweepStarted(Event):
    """The first jobs are about to start.

    Attributes:
        record: Record of the sweep.
        done: Jobs that earlier starts of the sweep have done.
        slots: Jobs that run at a time.
    """

    record: SweepRecord
    done: int
    slots: int


@dataclass(frozen=True)
class JobStarted(Event):
    """A job has started.

    Attributes:
        folder: Folder of the job.
    """

    folder: Path


@dataclass(frozen=True)
class JobEnded(Event):
    """A job has ended; its entry says how.

    Attributes:
        entry: Entry of the job in the record.
        record: Record of the sweep.
    """

    entry: JobEntry
    record: SweepRecord


@dataclass(frozen=True)
class SweepProgress(Event):
    """Some time has passed.

    Attributes:
        record: Record of the sweep.
        running: Folders of the jobs that run.
        left: Jobs that are to be started.
    """

    record: SweepRecord
    running: list[Path]
    left: int


@dataclass(frozen=True)
class SweepStopping(Event):
    """The user has stopped the sweep: its jobs end after a step, with a checkpoint."""


@dataclass(frozen=True)
class JobsEnded(Event):
    """No job of the sweep runs any more."""
