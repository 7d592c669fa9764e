"""What is measured at a step, on the way to callbacks and loggers."""

import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, cast, runtime_checkable

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import Trainer
from pytorch_lightning.utilities.data import extract_batch_size
from torch import Tensor

from leyden.compat.lightning import log_metrics, logged_names, note_metrics
from leyden.data.replay import Replay
from leyden.tasks.step_clock import StepClock


def is_log_step(trainer: Trainer, step: int) -> bool:
    """Whether Lightning writes the values of `step`, counted from 1, into the log.

    What is only logged need not be computed in the others.
    """
    return step % int(trainer.log_every_n_steps) == 0  # type: ignore[attr-defined]


def is_logged_by_module(trainer: Trainer, name: str) -> bool:
    """Whether the LightningModule itself logs a metric of this name in its training."""
    return name in logged_names(trainer)


def log_value(trainer: Trainer, name: str, value: Tensor | float) -> None:
    """Notes a value of the step at hand.

    Callbacks can ask for it from the end of the step on; a logger gets it if the step is one that
    is logged. Lightning's own `log` takes twenty times as long, a tenth of a small network's step.

    Args:
        trainer: While it trains.
        name: Name of the metric.
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
    note_metrics(trainer, values)
    log_metrics(trainer, values)


def write_values(trainer: Trainer) -> None:
    """Gives them to callbacks and loggers now: what follows needs them."""
    loop_of(trainer).write_values()


@runtime_checkable
class MeasuredLoop(Protocol):
    """The loop over the batches of an epoch, which `training.epoch_loop` gives the trainer."""

    values: dict[str, Tensor]
    """What was measured last, by name."""

    clock: StepClock
    """The time of the steps."""

    part: Callable[[str], AbstractContextManager[None]]
    """Watches a part of a step; by default nobody does."""

    replay: Replay | None
    """Generators at the epoch's beginning, on loaders that can't tell their position."""

    @property
    def global_step(self) -> int:
        """Optimizer steps that are done."""

    after_batch: list[Callable[[], None]]
    """Called when all is done that belongs to a batch, but to the last of an epoch."""

    def write_values(self) -> None:
        """Gives the values to those who ask for them, and to the loggers if it is time."""


def loop_of(trainer: Trainer) -> MeasuredLoop:
    """The loop of a trainer that Leyden has built."""
    return cast(MeasuredLoop, trainer.fit_loop.epoch_loop)


def num_samples(batch: Any) -> int | None:
    """Samples of a batch of any form: the first dimension of its tensors; None: not known."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of batches whose tensors differ in it
            return extract_batch_size(batch)
    except MisconfigurationException:
        return None


UNWATCHED = nullcontext()


def not_profiled(name: str) -> AbstractContextManager[None]:
    """Lets a part of a step go by."""
    return UNWATCHED
