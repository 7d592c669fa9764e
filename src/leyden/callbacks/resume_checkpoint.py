"""Checkpoints to resume from, and a stop with one of them."""

import logging
import time
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint
from torch import distributed

from leyden.callbacks.saving import save
from leyden.compat.lightning import update_step_metrics, validates_next
from leyden.distributed.stop_signal import StopSignal
from leyden.errors import Interrupted
from leyden.run.checkpoints import LAST, checkpoint_files, checkpoints_in
from leyden.tasks import Task
from leyden.tasks.log_values import loop_of, write_values
from leyden.tasks.step_count import steps_done
from leyden.types import Count, PositiveFloat, PositiveInt

log = logging.getLogger("leyden")

MOST_FAILURES = 3
"""So many checkpoints in a row may fail before the run does: it would work in vain."""

SECONDS_FOR_A_VALIDATION = 8.0
"""A validation may take so long to its end after a signal; systems kill after 15 to 30 s."""

NOTHING, SAVE, STOP = 0, 1, 2


class ResumeCheckpoint(Checkpoint):
    """Writes `checkpoints/step-<step>.ckpt` when it is time, at the end, and after a signal.

    Only between two optimizer steps, and not where a validation is due: what has begun is done.
    All processes do the same after the same step. It is a `Checkpoint` since Lightning calls these
    after all other callbacks: they have done what belongs to the step. A LightningModule of the
    user's may do more after them, in its own hooks: its run is saved after these.

    Args:
        every_steps: Steps from one to the next; None: no such rule.
        every_minutes: Time from one to the next; None: no such rule.
        keep: Number of checkpoints that are kept: with two, one that turns out to be damaged costs
            little. 0 writes none at all.
    """

    def __init__(
        self,
        *,
        every_steps: PositiveInt | None = None,
        every_minutes: PositiveFloat | None = None,
        keep: Count = 2,
    ) -> None:
        self.every_steps = every_steps
        self.every_minutes = every_minutes
        self.keep = keep
        self.signal = StopSignal()
        self.saved_at = 0
        self.saved_when = 0.0
        self.failures = 0
        self.saves_later = False

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        self.saved_at, self.saved_when = steps_done(trainer), time.monotonic()
        self.saves_later = not isinstance(task, Task)
        if self.saves_later:
            loop_of(trainer).after_batch.append(lambda: self._follow(self._order(trainer), trainer))
        self.signal.watch()  # not earlier: Lightning sets handlers of its own while it prepares

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if self.saves_later or (batch_index + 1) % trainer.accumulate_grad_batches:
            return
        order = self._order(trainer)
        if order != NOTHING and not validates_next(trainer):
            log_now(trainer)
            self._follow(order, trainer)

    def on_validation_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        since = self.signal.received_when
        if since is not None and time.monotonic() - since > SECONDS_FOR_A_VALIDATION:
            raise Interrupted(self._reason(trainer) + ", within a validation")

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if not (self.saves_later or trainer.is_last_batch or trainer.sanity_checking):
            self._follow(self._order(trainer), trainer)

    def on_train_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._follow(self._order(trainer), trainer)

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        if self.keep and self.saved_at != steps_done(trainer):
            self._save(trainer)
        self.signal.leave()

    def on_exception(self, *_: Any) -> None:
        self.signal.leave()

    def _follow(self, order: int, trainer: Trainer) -> None:
        if order == NOTHING:
            return
        if self.keep and self.saved_at != steps_done(trainer):
            self._save(trainer, is_needed=order == STOP or trainer.should_stop)
        if order == STOP:
            raise Interrupted(self._reason(trainer))

    def _order(self, trainer: Trainer) -> int:
        """What all processes do now: the most that one of them wants."""
        is_last = trainer.should_stop or trainer.global_step == trainer.max_steps
        is_due = is_last or self._is_time(trainer)
        own = STOP if self.signal.received else SAVE if is_due else NOTHING
        if trainer.world_size == 1:
            return own
        wanted = torch.tensor(own, device=trainer.strategy.root_device)
        distributed.all_reduce(wanted, op=distributed.ReduceOp.MAX)
        return int(wanted)

    def _is_time(self, trainer: Trainer) -> bool:
        step, minutes = steps_done(trainer), (time.monotonic() - self.saved_when) / 60
        by_steps = self.every_steps is not None and step - self.saved_at >= self.every_steps
        by_time = self.every_minutes is not None and minutes >= self.every_minutes
        return by_steps or by_time

    def _save(self, trainer: Trainer, *, is_needed: bool = True) -> None:
        """Writes one and removes those that are no longer needed.

        Raises:
            OSError: It failed, and the run goes no further or has failed to too often.
        """
        folder, step = Path(trainer.default_root_dir) / "checkpoints", steps_done(trainer)
        try:
            save(trainer, folder / f"{LAST}-{step}.ckpt")
        except OSError as error:
            self.failures += 1
            log.error("no checkpoint at step %d: %s", step, error)
            if is_needed or self.failures == MOST_FAILURES:
                raise
        else:
            self.failures = 0
            self._remove_old(trainer, folder, step)
        self.saved_at, self.saved_when = step, time.monotonic()

    def _remove_old(self, trainer: Trainer, folder: Path, step: int) -> None:
        """Of those beyond `step`, which the run has left behind, none is kept."""
        if trainer.is_global_zero:
            marked = [path for path, marker in checkpoints_in(folder, LAST) if marker.step <= step]
            for path in {*checkpoint_files(folder, LAST), *marked} - {*marked[: self.keep]}:
                trainer.strategy.remove_checkpoint(path)

    def _reason(self, trainer: Trainer) -> str:
        name = self.signal.received.name if self.signal.received else "a signal to another process"
        return f"{name} at step {steps_done(trainer)}"


def log_now(trainer: Trainer) -> None:
    """What otherwise happens only after the callbacks."""
    write_values(trainer)
    update_step_metrics(trainer)
