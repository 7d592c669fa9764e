"""Classification: one label for each sample."""

from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from leyden.data.loader import Batch
from leyden.data.spec import Spec
from leyden.tasks.optimization import MakeOptimizer, MakeSchedule, optimization


class Classification(LightningModule):
    """Trains a network by cross-entropy; logs loss (nats) and accuracy.

    Args:
        net: Maps inputs to logits (batch, classes).
        spec: Of the data.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        "val/loss",
        "val/acc",
        "test/loss",
        "test/acc",
    )
    unit: ClassVar[str] = "samples"

    def __init__(
        self, net: nn.Module, *, spec: Spec, optimizer: MakeOptimizer, schedule: MakeSchedule
    ) -> None:
        super().__init__()
        self.net = net
        self.spec = spec
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.val_loss, self.test_loss = MeanMetric(), MeanMetric()
        self.val_acc = MulticlassAccuracy(spec.num_outputs, average="micro")
        self.test_acc = MulticlassAccuracy(spec.num_outputs, average="micro")

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, labels = batch
        loss = F.cross_entropy(self(inputs), labels)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.val_loss, self.val_acc)
        self.log_dict({"val/loss": self.val_loss, "val/acc": self.val_acc})

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.test_loss, self.test_acc)
        self.log_dict({"test/loss": self.test_loss, "test/acc": self.test_acc})

    def _evaluate(self, batch: Batch, losses: MeanMetric, accuracy: MulticlassAccuracy) -> None:
        inputs, labels = batch
        logits = self(inputs)
        losses.update(F.cross_entropy(logits.float(), labels), len(labels))
        accuracy.update(logits, labels)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)
