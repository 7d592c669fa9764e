"""Language modelling: the next token, everywhere in a window."""

from math import log
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float, Int
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric

from leyden.data.loader import Batch
from leyden.data.spec import Spec
from leyden.tasks.optimization import MakeOptimizer, MakeSchedule, optimization


class LanguageModeling(LightningModule):
    """Trains a network by cross-entropy; logs loss (nats a token), perplexity, bits per byte.

    Args:
        net: Maps tokens (batch, time) to logits (batch, time, vocabulary).
        spec: Of the data.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        "val/loss",
        "val/ppl",
        "val/bpb",
        "test/loss",
        "test/ppl",
        "test/bpb",
    )
    unit: ClassVar[str] = "tokens"

    def __init__(
        self, net: nn.Module, *, spec: Spec, optimizer: MakeOptimizer, schedule: MakeSchedule
    ) -> None:
        super().__init__()
        self.net = net
        self.spec = spec
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.val_loss = MeanMetric()
        self.test_loss = MeanMetric()

    def forward(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time vocab"]:
        return self.net(tokens)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        loss = self._loss(batch)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self.val_loss.update(self._loss(batch), batch[1].numel())

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self.test_loss.update(self._loss(batch), batch[1].numel())

    def on_validation_epoch_end(self) -> None:
        self._log_epoch("val", self.val_loss)

    def on_test_epoch_end(self) -> None:
        self._log_epoch("test", self.test_loss)

    def _loss(self, batch: Batch) -> Float[Tensor, ""]:
        tokens, following = batch
        return F.cross_entropy(self(tokens).float().flatten(0, 1), following.flatten())

    def _log_epoch(self, part: str, losses: MeanMetric) -> None:
        loss = losses.compute()
        losses.reset()
        self.log(f"{part}/loss", loss)
        self.log(f"{part}/ppl", loss.exp())
        self.log(f"{part}/bpb", loss / log(2) / self.spec.bytes_per_token[part])

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)
