"""Turns SIGINT and SIGTERM into a stop after a whole step, with a checkpoint."""

import signal
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint

from leyden.runs.record import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class SignalStop(Callback):
    """The first signal sets a flag; the end of the step or validation looks at it.

    A second signal stops at once.
    Nothing is saved in the handler itself: it may come in the middle of a step.
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
        self._stop_if_asked(trainer)

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._stop_if_asked(trainer)

    def _stop_if_asked(self, trainer: Trainer) -> None:
        is_asked = self.received is not None
        if trainer.world_size > 1:  # all stop after the same step, or one would wait for ever
            is_asked = trainer.strategy.reduce_boolean_decision(is_asked, all=False)
        if is_asked:
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
