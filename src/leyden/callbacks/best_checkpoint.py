"""Keeps the checkpoints that the monitored metric prefers."""

import logging
import math
import time
from pathlib import Path
from typing import Any, ClassVar, Literal

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint

from leyden.callbacks.saving import (
    checkpoint_of,
    detached_copy,
    require_finite_weights,
    save,
    write,
)
from leyden.run.checkpoints import BEST, checkpoint_files, checkpoints_in
from leyden.tasks.step_count import steps_done
from leyden.types import PositiveInt

log = logging.getLogger("leyden")

SECONDS_BETWEEN = 10.0
"""A small network may be validated fifty times a second: writing each best one would take longer
than training it."""


class BestCheckpoint(Checkpoint):
    """Writes `checkpoints/best-<step>.ckpt` after each validation that is among the best.

    It is known by its marker which of them is the best: a run's folder can be moved.

    One that follows another within seconds is kept in memory until the next checkpoint to resume
    from, or the end of the run, so that a resumed run finds it. Several processes, whose
    clocks differ, write at once.

    Args:
        monitor: A metric; None: no checkpoint is better than another, and none is written.
        mode: Whether less or more of it is better.
        keep: Number of checkpoints that are kept.
    """

    state_types: ClassVar[dict[str, Any]] = {"scores": dict[int, float]}

    only_log_steps = True

    def __init__(
        self, *, monitor: str | None, mode: Literal["min", "max"], keep: PositiveInt = 1
    ) -> None:
        self.monitor = monitor
        self.sign = 1.0 if mode == "max" else -1.0
        self.keep = keep
        self.scores: dict[int, float] = {}
        self.waiting: dict[int, dict[str, Any]] = {}
        self.written_when = -math.inf

    def state_dict(self) -> dict[str, Any]:
        return {"scores": dict(self.scores)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scores = dict(state["scores"])

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        value = None if self.monitor is None else trainer.callback_metrics.get(self.monitor)
        if trainer.sanity_checking or value is None or not math.isfinite(value):
            return
        score = self.sign * float(value)
        best = sorted(self.scores.values(), reverse=True)[: self.keep]
        if len(best) == self.keep and score <= best[-1]:
            return
        self.scores[steps_done(trainer)] = score
        ranked = sorted(self.scores, key=lambda step: self.scores[step], reverse=True)
        self.scores = {step: self.scores[step] for step in ranked[: self.keep]}
        self.waiting = {step: it for step, it in self.waiting.items() if step in self.scores}
        if trainer.world_size == 1 and time.monotonic() < self.written_when + SECONDS_BETWEEN:
            self._let_wait(trainer)
            return
        self._write_waiting(trainer)
        save(trainer, path_of(trainer, steps_done(trainer)), score=score)
        self._remove_others(trainer)

    def _let_wait(self, trainer: Trainer) -> None:
        require_finite_weights(trainer)
        others, self.waiting = self.waiting, {}  # not to be written by the hook below
        checkpoint = detached_copy(checkpoint_of(trainer))
        self.waiting = {**others, steps_done(trainer): checkpoint}

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        if self.waiting and time.monotonic() > self.written_when + SECONDS_BETWEEN:
            self._write_waiting(trainer)

    def on_save_checkpoint(self, trainer: Trainer, *_: Any) -> None:
        self._write_waiting(trainer)

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._write_waiting(trainer)

    def on_exception(self, trainer: Trainer, *_: Any) -> None:
        try:
            self._write_waiting(trainer)
        except OSError as error:
            log.error("no best checkpoint: %s", error)

    def _write_waiting(self, trainer: Trainer) -> None:
        for step, checkpoint in self.waiting.items():
            write(trainer, checkpoint, path_of(trainer, step), score=self.scores[step])
        if self.waiting:
            self.waiting = {}
            self._remove_others(trainer)

    def _remove_others(self, trainer: Trainer) -> None:
        folder = folder_of(trainer)
        kept = {path for path, marker in checkpoints_in(folder, BEST) if marker.step in self.scores}
        for path in {*checkpoint_files(folder, BEST)} - kept:
            trainer.strategy.remove_checkpoint(path)
        self.written_when = time.monotonic()


def path_of(trainer: Trainer, step: int) -> Path:
    """Of the checkpoint of a step."""
    return folder_of(trainer) / f"{BEST}-{step}.ckpt"


def folder_of(trainer: Trainer) -> Path:
    """A run's checkpoints."""
    return Path(trainer.default_root_dir) / "checkpoints"
