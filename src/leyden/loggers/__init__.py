"""Where metrics go: files in the run's folder, Weights & Biases, MLflow."""

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from leyden.loggers.csv import CSV
from leyden.loggers.mlflow import MLFlow
from leyden.loggers.tensorboard import TensorBoard
from leyden.loggers.wandb import Wandb

__all__ = ["CSV", "HasOpenFile", "MLFlow", "Resumable", "TensorBoard", "Wandb", "close_files"]


@runtime_checkable
class Resumable(Protocol):
    """A logger that can take up a run where a checkpoint left it."""

    def resume_from(self, step: int | None) -> None:
        """Forgets what was logged after the first `step` steps; all of it for None."""

    def keep(self) -> None:
        """Writes all that was logged so far: a checkpoint follows."""


@runtime_checkable
class HasOpenFile(Protocol):
    """A logger whose file stays open after training, for the test."""

    def close_file(self) -> None:
        """Closes it; the run has ended."""


def close_files(loggers: Iterable[Any]) -> None:
    """Closes what loggers have kept open."""
    for logger in loggers:
        if isinstance(logger, HasOpenFile):
            logger.close_file()
