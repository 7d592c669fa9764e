"""The steps that are logged."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from leyden.training.epoch_loop import EpochLoop


def is_log_step(trainer: Trainer, step: int) -> bool:
    """Whether Lightning writes the values of `step`, counted from 1, into the log.

    What is only logged need not be computed in the others.
    """
    return step % int(trainer.log_every_n_steps) == 0  # type: ignore[attr-defined]


def log_value(trainer: Trainer, name: str, value: Tensor | float) -> None:
    """Notes a value of the step at hand.

    Callbacks can ask for it from the end of the step on; a logger gets it if the step is one that
    is logged. Lightning's own `log` does the same for twenty times the price, a tenth of a small
    network's step.

    Args:
        trainer: While it trains.
        name: Of the metric.
        value: A single number. What lies on a device is fetched only when it is logged.
    """
    loop_of(trainer).values[name] = (
        value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.double)
    )


def log_evaluation(trainer: Trainer, part: str, measured: Mapping[str, Any]) -> None:
    """Gives what a validation or test has measured to callbacks and loggers.

    As Lightning's own `log` at the end of an evaluation's epoch, for a tenth of the price: that is
    most of what it takes to validate a small network.

    Args:
        trainer: While an evaluation's epoch ends.
        part: `val` or `test`.
        measured: Single numbers by name, the same in all processes.
    """
    if trainer.sanity_checking:
        return
    values = {f"{part}/{name}": value for name, value in measured.items()}
    connector = trainer._logger_connector
    connector._callback_metrics.update(values)
    connector.log_metrics(values)


def write_values(trainer: Trainer) -> None:
    """Gives them to callbacks and loggers now: what follows needs them."""
    loop_of(trainer).write_values()


def loop_of(trainer: Trainer) -> EpochLoop:
    """The trainer's."""
    return cast(EpochLoop, trainer.fit_loop.epoch_loop)
