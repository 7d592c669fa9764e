"""Callbacks that end a run early: early stopping, a given step, the pruning of a search."""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import EarlyStopping

from leyden.errors import Interrupted, Pruned
from leyden.tasks.step_count import steps_done
from leyden.types import NonNegative, PositiveInt


def early_stopping(
    *,
    monitor: str | None,
    mode: Literal["min", "max"],
    patience: PositiveInt | None = None,
    min_delta: NonNegative = 0.0,
) -> EarlyStopping | None:
    """Lightning's early stopping, or none.

    Args:
        monitor: The metric; None never stops.
        mode: Whether less or more of it is better.
        patience: Validations without improvement before the stop; None never stops.
        min_delta: Smallest change that counts as an improvement.
    """
    if patience is None or monitor is None:
        return None
    return EarlyStopping(monitor, min_delta, patience, mode=mode, check_finite=False)


class StopAfter(Callback):
    """Stops after a step; unlike `trainer.max_steps` it keeps the schedule.

    Args:
        step: The last one that is done.
    """

    def __init__(self, *, step: PositiveInt) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        if steps_done(trainer) >= self.step:
            raise Interrupted(f"after step {self.step}, as asked for")


PRUNING_SHARE = 3
"""By default no trial is pruned before the first validation after 1/3 of its steps."""


class Pruning(Callback):
    """Reports each validation to the search and ends the run if the search says so.

    Args:
        should_stop: Takes the number of a validation, from 1 on, its value, and the number of the
            first validation at which a trial may be pruned, None as long as it is not reached.
        monitor: The metric that is reported.
        min_validations: Number of that first validation; None: it is the first one after a third
            of the run's optimizer steps.
    """

    state_types: ClassVar[dict[str, Any]] = {
        "reported": int | None,
        "min_validations": int | None,
    }

    def __init__(
        self,
        should_stop: Callable[[int, float, int | None], bool],
        *,
        monitor: str,
        min_validations: int | None,
    ) -> None:
        self.should_stop = should_stop
        self.monitor = monitor
        self.min_validations = min_validations
        self.reported = 0

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        value = trainer.callback_metrics.get(self.monitor)
        if value is None or trainer.sanity_checking:
            return
        self.reported += 1
        planned = trainer.estimated_stepping_batches
        if self.min_validations is None and PRUNING_SHARE * steps_done(trainer) >= planned:
            self.min_validations = self.reported
        is_bad = False
        if trainer.is_global_zero:
            is_bad = self.should_stop(self.reported, float(value), self.min_validations)
        is_last = steps_done(trainer) >= planned
        if trainer.strategy.broadcast(is_bad) and not is_last:
            raise Pruned(f"after {self.reported} validations, at step {steps_done(trainer)}")

    def state_dict(self) -> dict[str, int | None]:
        return {"reported": self.reported, "min_validations": self.min_validations}

    def load_state_dict(self, state: dict[str, int | None]) -> None:
        self.reported = state["reported"] or 0
        self.min_validations = state.get("min_validations", self.min_validations)
