"""Keeps `run.json` up to date while a run goes on."""

import math
import time
from typing import Any, ClassVar, Literal

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.callbacks.tensorboard import best_tag, tensorboard_writer
from leyden.errors import Diverged
from leyden.run.content import Best
from leyden.run.provenance import device_name, flags, peak_memory_bytes
from leyden.run.record import Record
from leyden.tasks import Task
from leyden.tasks.log_values import loop_of

SECONDS_BETWEEN = 2.0
"""A small network may be validated fifty times a second, and each write waits for the disk."""


class Recorder(Callback):
    """Writes progress and metrics into the record after a validation and at the end.

    What a run that goes on from a checkpoint needs of them is in the checkpoint too.

    Args:
        record: Record of the run.
        batch_size: Samples of an optimizer step.
        accumulate: Micro-batches of a device in it.
        monitor: The metric that selects.
        mode: Whether less or more of it is better.
    """

    state_types: ClassVar[dict[str, Any]] = {
        "monitored": list[tuple[int, float]],
        "best": Best,
    }

    def __init__(
        self,
        record: Record,
        *,
        batch_size: int,
        accumulate: int,
        monitor: str,
        mode: Literal["min", "max"],
    ) -> None:
        self.record = record
        self.batch_size = batch_size
        self.accumulate = accumulate
        self.monitor = monitor
        self.sign = 1 if mode == "max" else -1
        self.written_when = -math.inf
        self.first_step = 0

    def state_dict(self) -> dict[str, Any]:
        return {"monitored": list(self.record.monitored), "best": dict(self.record.best)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.record.monitored = list(state["monitored"])
        self.record.best = dict(state["best"])

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.record.device = device_name(task.device)
        self.record.flags = flags()
        self.record.write()

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.first_step = trainer.global_step

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        self._update(trainer, task)
        require_finite(trainer)
        value, best = self._monitored(trainer), self.record.best["value"]
        self.record.monitored.append((trainer.global_step, value))
        if best is None or self.sign * value > self.sign * best:
            self.record.best = {
                "metric": self.monitor,
                "value": value,
                "step": trainer.global_step,
                "checkpoint": None,
            }
            writer = tensorboard_writer(trainer)
            if writer is not None:
                # As Lightning counts: the first step is 0.
                writer.add_scalar(best_tag(self.monitor), value, trainer.global_step - 1)
        if time.monotonic() > self.written_when + SECONDS_BETWEEN:
            self.record.write()
            self.written_when = time.monotonic()

    def on_test_end(self, trainer: Trainer, task: LightningModule) -> None:
        self.record.metrics |= metric_values(trainer)
        self.record.write()
        require_finite(trainer)

    def on_exception(
        self, trainer: Trainer, task: LightningModule, exception: BaseException
    ) -> None:
        self._update(trainer, task)

    def on_train_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._require_same_batch(trainer)

    def on_fit_end(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.global_step == 0:
            raise RuntimeError("fit ended before its first step; a callback has stopped it")
        self._update(trainer, task)

    def _require_same_batch(self, trainer: Trainer) -> None:
        """Samples are counted by the batch that the config says.

        Raises:
            RuntimeError: A callback has changed it.
        """
        found = trainer.accumulate_grad_batches
        if found != self.accumulate:
            message = f"a callback has changed accumulate_grad_batches from {self.accumulate}"
            raise RuntimeError(f"{message} to {found}; set trainer.accumulate_grad_batches instead")

    def _monitored(self, trainer: Trainer) -> float:
        """The value that selects.

        Raises:
            ValueError: This validation has none.
        """
        if self.monitor not in trainer.callback_metrics:
            hint = "; all targets of the part are alike" if self.monitor.endswith("/r2") else ""
            raise ValueError(f"monitor.metric={self.monitor} has no value in the validation{hint}")
        return float(trainer.callback_metrics[self.monitor])

    def _update(self, trainer: Trainer, task: LightningModule) -> None:
        record = self.record
        record.metrics |= metric_values(trainer)
        record.steps = trainer.global_step
        record.samples = record.steps * self.batch_size
        counted = self.batch_size
        if isinstance(task, Task) and task.unit == "tokens":
            counted = self.batch_size * task.spec.input_shape[0]
            record.tokens = record.steps * counted
        steps, seconds = record.steps - self.first_step, loop_of(trainer).clock.seconds
        if steps and seconds:
            record.throughput = round(steps * counted / seconds, 1)
        if record.flops["per_step"] is not None:
            record.flops["total"] = record.flops["per_step"] * record.steps
        record.update_train_seconds()
        record.peak_memory_bytes = peak_memory_bytes(task.device)
        record.record_best_checkpoint()


def require_finite(trainer: Trainer) -> None:
    """Ends a run whose validation or test gave NaN or infinity.

    Raises:
        Diverged: A metric is NaN or infinite.
    """
    for name, value in metric_values(trainer).items():
        if name.startswith(("val/", "test/")) and not math.isfinite(value):
            raise Diverged(f"{name} is {value} at step {trainer.global_step}")


def metric_values(trainer: Trainer) -> dict[str, float]:
    """The last value of everything that was logged."""
    values = {**trainer.logged_metrics, **trainer.callback_metrics}
    return {name: float(value) for name, value in sorted(values.items()) if name != "epoch"}
