"""How far, how good and how fast the training is."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from pytorch_lightning import Callback, LightningModule, Trainer

from leyden.callbacks.monitor import folded
from leyden.callbacks.privacy import EPSILON
from leyden.events import Event, Observer, ignore
from leyden.formatting import printable
from leyden.tasks import Task
from leyden.tasks.log_values import is_log_step
from leyden.tasks.step_count import steps_done

SECONDS_BETWEEN_STEPS = 0.1
"""Steps of a small network follow each other faster than anyone can read."""

Moment = Literal["start", "step", "log step", "validation", "end", "failure"]


@dataclass(frozen=True)
class TrainingProgress(Event):
    """How far the training is.

    Attributes:
        moment: What has just happened; after `end` and `failure` nothing more is told.
        step: Optimizer steps that are done.
        total: Optimizer steps that are planned; None where no number of batches is known.
        metrics: Gives the newest metrics in a few words. It waits for the device, so it is called
            only where they are shown.
    """

    moment: Moment
    step: int
    total: int | None
    metrics: Callable[[], str]


class Progress(Callback):
    """Tells the observer of the run about its steps and validations.

    Attributes:
        observer: Set before the run starts.
    """

    changes_training = False

    def __init__(self) -> None:
        self.observer: Observer = ignore
        self.told_when = 0.0
        self.total: int | None = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self._tell("start", trainer, task)

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if is_log_step(trainer, steps_done(trainer)):
            self._tell("log step", trainer, task)
        elif time.monotonic() > self.told_when + SECONDS_BETWEEN_STEPS:
            self._tell("step", trainer, task)

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if not trainer.sanity_checking:
            self._tell("validation", trainer, task)

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._tell("end", trainer, task)

    def on_exception(self, trainer: Trainer, task: LightningModule, error: BaseException) -> None:
        self._tell("failure", trainer, task)

    def _tell(self, moment: Moment, trainer: Trainer, task: LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        self.told_when = time.monotonic()
        if moment == "start":  # later Lightning might make the loaders anew, also after a failure
            planned = trainer.estimated_stepping_batches
            self.total = int(planned) if 0 <= planned < math.inf else None
        self.observer(
            TrainingProgress(
                moment, steps_done(trainer), self.total, lambda: newest_metrics(trainer, task)
            )
        )


def newest_metrics(trainer: Trainer, task: LightningModule) -> str:
    """The first two validation metrics, the training loss and the speed, in a few words."""
    values = trainer.callback_metrics
    logged = task.metrics if isinstance(task, Task) else values
    of_validation = [name for name in logged if name.startswith("val")]
    # `val_loss` may be there as `val/loss` too, by which it is monitored.
    names = [*{folded(name): name for name in reversed(of_validation)}.values()][::-1][:2]
    words = [
        f"{name} {float(values[name]):.4g}" for name in [*names, "train/loss"] if name in values
    ]
    if EPSILON in values:
        words.append(f"epsilon {float(values[EPSILON]):.3g}")
    if "throughput" in values:
        unit = task.unit if isinstance(task, Task) else "samples"
        words.append(f"{float(values['throughput']):,.0f} {unit}/s")
    return printable("  ".join(words))
