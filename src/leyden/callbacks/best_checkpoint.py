"""Keeps the checkpoints that the monitored metric prefers."""

import math
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Checkpoint

from leyden.callbacks.saving import save
from leyden.ranges import PositiveInt
from leyden.runs.checkpoints import BEST, checkpoints_in


class BestCheckpoint(Checkpoint):
    """Writes `checkpoints/best-<step>.ckpt` after each validation that is among the best.

    It is known by its marker which of them is the best: a run's folder can be moved.

    Args:
        monitor: A metric.
        mode: Whether less or more of it is better.
        keep: How many are kept.
    """

    def __init__(self, *, monitor: str, mode: Literal["min", "max"], keep: PositiveInt = 1) -> None:
        self.monitor = monitor
        self.sign = 1.0 if mode == "max" else -1.0
        self.keep = keep
        self.scores: dict[int, float] = {}

    def state_dict(self) -> dict[str, Any]:
        return {"scores": dict(self.scores)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scores = dict(state["scores"])

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        value = trainer.callback_metrics.get(self.monitor)
        if trainer.sanity_checking or value is None or not math.isfinite(value):
            return
        score = self.sign * float(value)
        best = sorted(self.scores.values(), reverse=True)[: self.keep]
        if len(best) == self.keep and score <= best[-1]:
            return
        folder = Path(trainer.default_root_dir) / "checkpoints"
        self.scores[trainer.global_step] = score
        ranked = sorted(self.scores, key=lambda step: self.scores[step], reverse=True)
        self.scores = {step: self.scores[step] for step in ranked[: self.keep]}
        save(trainer, folder / f"{BEST}-{trainer.global_step}.ckpt", score=score)
        kept = {path for path, marker in checkpoints_in(folder, BEST) if marker.step in self.scores}
        for path in {*folder.glob(f"{BEST}-*.ckpt")} - kept:
            trainer.strategy.remove_checkpoint(path)
