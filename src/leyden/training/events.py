"""What a run tells while it is executed."""

from dataclasses import dataclass

from omegaconf import DictConfig

from leyden.events import Event
from leyden.run.record import Record
from leyden.training.build import RunObjects


@dataclass(frozen=True)
class RunStarted(Event):
    """Everything is built; the first step follows.

    Attributes:
        record: Record of the run.
        cfg: Frozen config of the run.
        experiment: Data set, task and trainer of the run.
        is_fresh: Whether it begins at its first step, not at a checkpoint.
    """

    record: Record
    cfg: DictConfig
    experiment: RunObjects
    is_fresh: bool = True


@dataclass(frozen=True)
class RunResumed(Event):
    """Training continues from a checkpoint.

    Attributes:
        step: Optimizer steps that the checkpoint has seen.
    """

    step: int


@dataclass(frozen=True)
class StoppedEarly(Event):
    """Early stopping has ended the training.

    Attributes:
        monitor: Name of the metric that no longer improved.
        patience: Validations without improvement.
    """

    monitor: str
    patience: int


@dataclass(frozen=True)
class RunEnded(Event):
    """The run is over; the status of its record says how it ended.

    Attributes:
        record: Record of the run.
    """

    record: Record
