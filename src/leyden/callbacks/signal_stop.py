"""Turns SIGINT and SIGTERM into a stop after a whole step, with a checkpoint."""

import signal
from types import FrameType
from typing import Any, NoReturn

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint, ModelCheckpoint

from leyden.runs.record import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SignalStop(Checkpoint):
    """The first signal sets a flag; the end of the step, validation or epoch looks at it.

    A second signal stops at once. Nothing is saved in the handler itself: it may come in the middle
    of a step. It is a `Checkpoint` since Lightning calls these after all other callbacks: they
    have done what belongs to the step.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.before: dict[signal.Signals, Any] = {}

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        # Not earlier: Lightning sets handlers of its own while it prepares.
        self.before = {number: signal.signal(number, self._handle) for number in SIGNALS}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self._restore()

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        is_step = (batch_index + 1) % trainer.accumulate_grad_batches == 0
        if is_step and not validates_next(trainer, batch_index) and self._is_asked(trainer):
            # Lightning would log the step only after the callbacks.
            trainer._logger_connector.update_train_step_metrics()
            self._stop(trainer)

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        if not trainer.is_last_batch and self._is_asked(trainer):
            self._stop(trainer)

    def on_train_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        if self._is_asked(trainer):  # not after its validation: the best is saved only here
            self._stop(trainer)

    def _is_asked(self, trainer: Trainer) -> bool:
        is_asked = self.received is not None
        if trainer.world_size > 1:  # all stop after the same step, or one would wait for ever
            is_asked = trainer.strategy.reduce_boolean_decision(is_asked, all=False)
        return is_asked

    def _stop(self, trainer: Trainer) -> NoReturn:
        self._save_last(trainer)
        name = self.received.name if self.received else "a signal to another process"
        raise Interrupted(f"{name} at step {trainer.global_step}")

    def on_exception(self, *_: Any) -> None:
        self._restore()

    def on_train_end(self, *_: Any) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.before = {}

    def _save_last(self, trainer: Trainer) -> None:
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.monitor is None:
                folder = trainer.default_root_dir
                trainer.save_checkpoint(f"{folder}/checkpoints/{callback.filename}.ckpt")


def validates_next(trainer: Trainer, batch_index: int) -> bool:
    """Whether a validation may follow: a run that stopped before it would never do it."""
    interval = trainer.val_check_batch
    is_due = isinstance(interval, int) and (batch_index + 1) % interval == 0
    return trainer.is_last_batch or is_due
