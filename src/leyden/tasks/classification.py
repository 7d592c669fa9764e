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
        self.losses = nn.ModuleDict({"val": MeanMetric(), "test": MeanMetric()})
        self.accuracies = nn.ModuleDict(
            {
                part: MulticlassAccuracy(spec.num_outputs, average="micro")
                for part in ("val", "test")
            }
        )

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, labels = batch
        loss = F.cross_entropy(self(inputs), labels)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate("val", batch)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate("test", batch)

    def _evaluate(self, part: str, batch: Batch) -> None:
        inputs, labels = batch
        logits = self(inputs)
        self.losses[part](F.cross_entropy(logits.float(), labels), len(labels))
        self.accuracies[part](logits, labels)
        for name, metric in (("loss", self.losses[part]), ("acc", self.accuracies[part])):
            self.log(f"{part}/{name}", metric, on_step=False, on_epoch=True, batch_size=len(labels))

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)
