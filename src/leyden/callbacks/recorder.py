"""Keeps `run.json` up to date while a run goes on."""

import json
import math
import time
from typing import Any, ClassVar, Literal

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.errors import Diverged
from leyden.files.atomic import write_atomically
from leyden.loggers import CSV
from leyden.loggers.hparams_table import best_tag
from leyden.models.parameter_count import count_parameters
from leyden.run.checkpoints import find_checkpoint
from leyden.run.content import Best
from leyden.run.provenance import device_name, flags, peak_memory_bytes
from leyden.run.record import Record
from leyden.run.test_uses import add_test_use
from leyden.tasks import Task
from leyden.tasks.log_values import loop_of, num_samples
from leyden.tasks.step_count import steps_done

TEST_DETAILS = "test_details.json"
"""Table of the classes, confusion and calibration of the test part."""

SECONDS_BETWEEN = 2.0
"""A small network may be validated fifty times a second, and each write waits for the disk."""


class Recorder(Callback):
    """Writes progress and metrics into the record after a validation and at the end.

    What a run that goes on from a checkpoint needs of them is in the checkpoint too.

    Args:
        record: Record of the run.
        batch_size: Samples of an optimizer step; None: they are counted in each batch.
        accumulate: Micro-batches of a device in it.
        monitor: The metric that selects; None: there is none.
        mode: Whether less or more of it is better.
    """

    state_types: ClassVar[dict[str, Any]] = {
        "monitored": list[tuple[int, float]],
        "best": Best,
        "samples": int | None,
    }

    def __init__(
        self,
        record: Record,
        *,
        batch_size: int | None,
        accumulate: int,
        monitor: str | None,
        mode: Literal["min", "max"],
    ) -> None:
        self.record = record
        self.batch_size = batch_size
        self.accumulate = accumulate
        self.monitor = monitor
        self.sign = 1 if mode == "max" else -1
        self.written_when = -math.inf
        self.first_step = 0
        self.samples: int | None = 0
        self.first_samples = 0

    def state_dict(self) -> dict[str, Any]:
        state = {"monitored": list(self.record.monitored), "best": dict(self.record.best)}
        return state if self.batch_size is not None else {**state, "samples": self.samples}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.record.monitored = list(state["monitored"])
        self.record.best = dict(state["best"])
        self.samples = state.get("samples", self.samples)

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.record.device = device_name(task.device)
        self.record.flags = flags()
        if not isinstance(task, Task):  # what `configure_model` has made is known by now
            self.record.params = count_parameters(task).as_dict()
        self.record.write()

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.first_step, self.first_samples = steps_done(trainer), self.samples or 0

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        # Lightning's SWA adds a pass without steps, and changes the accumulation for it.
        is_trained = trainer.accumulate_grad_batches == self.accumulate
        if self.batch_size is None and self.samples is not None and is_trained:
            size = num_samples(batch)
            self.samples = None if size is None else self.samples + size * trainer.world_size

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        self._update(trainer, task)
        require_finite(trainer)
        if self.monitor is not None:
            self._record_monitored(trainer, self.monitor)
        if time.monotonic() > self.written_when + SECONDS_BETWEEN:
            self.record.write()
            self.written_when = time.monotonic()

    def _record_monitored(self, trainer: Trainer, monitor: str) -> None:
        value, best = self._monitored(trainer, monitor), self.record.best["value"]
        self.record.monitored.append((steps_done(trainer), value))
        if best is None or self.sign * value > self.sign * best:
            self.record.best = {
                "metric": monitor,
                "value": value,
                "step": steps_done(trainer),
                "checkpoint": None,
            }
            writer = tensorboard_writer(trainer)
            if writer is not None:
                # As Lightning counts: the first step is 0.
                writer.add_scalar(best_tag(monitor), value, steps_done(trainer) - 1)

    def on_test_end(self, trainer: Trainer, task: LightningModule) -> None:
        record = self.record
        record.metrics |= metric_values(trainer)
        if isinstance(task, Task):
            of_test = task.statistics.intervals.items()
            record.intervals = {f"test/{name}": interval for name, interval in of_test}
            if record.is_writer and task.statistics.details is not None:
                write_atomically(record.folder / TEST_DETAILS, json.dumps(task.statistics.details))
        record.write()
        if record.is_writer:
            checkpoint = find_checkpoint(record.folder)
            name = None if checkpoint is None else checkpoint.name
            add_test_use(record.folder, by="train", checkpoint=name, overrides=[])
        require_finite(trainer)

    def on_exception(
        self, trainer: Trainer, task: LightningModule, exception: BaseException
    ) -> None:
        self._update(trainer, task)

    def on_train_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._require_same_batch(trainer)

    def on_fit_end(self, trainer: Trainer, task: LightningModule) -> None:
        if steps_done(trainer) == 0:
            raise RuntimeError("fit ended before its first step; a callback has stopped it")
        self._update(trainer, task)
        self._log_best(trainer)

    def _log_best(self, trainer: Trainer) -> None:
        """Tells the best value to the loggers that show last values, beside those of the test."""
        value = self.record.best["value"]
        if self.monitor is not None and value is not None:
            for logger in trainer.loggers:
                if not isinstance(logger, CSV | TensorBoardLogger):
                    logger.log_metrics({best_tag(self.monitor): value}, steps_done(trainer))

    def _require_same_batch(self, trainer: Trainer) -> None:
        """Samples are counted by the batch that the config says.

        Raises:
            RuntimeError: A callback has changed it.
        """
        found = trainer.accumulate_grad_batches
        if found != self.accumulate and self.batch_size is not None:
            message = f"a callback has changed accumulate_grad_batches from {self.accumulate}"
            raise RuntimeError(f"{message} to {found}; set trainer.accumulate_grad_batches instead")

    def _monitored(self, trainer: Trainer, monitor: str) -> float:
        """The value that selects.

        Raises:
            ValueError: This validation has none.
        """
        if monitor not in trainer.callback_metrics:
            hint = "; all targets of the part are alike" if monitor.endswith("/r2") else ""
            raise ValueError(f"monitor.metric={monitor} has no value in the validation{hint}")
        return float(trainer.callback_metrics[monitor])

    def _update(self, trainer: Trainer, task: LightningModule) -> None:
        record = self.record
        record.metrics |= metric_values(trainer)
        record.steps = steps_done(trainer)
        steps, seconds = record.steps - self.first_step, loop_of(trainer).clock.seconds
        counted: int | None = None
        if self.batch_size is not None:
            record.samples = record.steps * self.batch_size
            counted = steps * self.batch_size
        else:
            record.samples = self.samples
            counted = None if self.samples is None else self.samples - self.first_samples
        if isinstance(task, Task) and task.unit == "tokens":
            context = task.spec.input_shape[0]
            record.tokens = record.samples and record.samples * context
            counted = counted and counted * context
        if counted and seconds:
            record.throughput = round(counted / seconds, 1)
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
        if name.startswith(("val/", "test/", "val_", "test_")) and not math.isfinite(value):
            raise Diverged(f"{name} is {value} at step {steps_done(trainer)}")


def metric_values(trainer: Trainer) -> dict[str, float]:
    """The last value of everything that was logged."""
    values = {**trainer.logged_metrics, **trainer.callback_metrics}
    return {name: float(value) for name, value in sorted(values.items()) if name != "epoch"}
