"""When steps end."""

import json
import time
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from tests.bench.runs import MOMENTS


class Moments(Callback):
    """Writes the moments at which steps ended into the run's folder, in seconds."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.moments = list[float]()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, index: int
    ) -> None:
        self.moments.append(time.perf_counter())

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        path = Path(trainer.default_root_dir) / MOMENTS
        path.write_text(json.dumps(self.moments), encoding="utf-8")
