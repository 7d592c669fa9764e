"""Ends a trial of a search that does badly."""

from collections.abc import Callable

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.runs.record import Pruned


class Pruning(Callback):
    """Reports each validation to the search and ends the run if the search says so.

    Args:
        should_stop: Takes the number of a validation, from 1 on, and its value.
        monitor: The metric that is reported.
    """

    def __init__(self, should_stop: Callable[[int, float], bool], *, monitor: str) -> None:
        self.should_stop = should_stop
        self.monitor = monitor
        self.reported = 0

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        value = trainer.callback_metrics.get(self.monitor)
        if value is None or trainer.sanity_checking:
            return
        self.reported += 1
        is_bad = False
        if trainer.is_global_zero:
            is_bad = self.should_stop(self.reported, float(value))
        is_last = trainer.global_step >= trainer.estimated_stepping_batches
        if trainer.strategy.broadcast(is_bad) and not is_last:
            raise Pruned(f"after {self.reported} validations, at step {trainer.global_step}")

    def state_dict(self) -> dict[str, int]:
        return {"reported": self.reported}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.reported = state["reported"]
