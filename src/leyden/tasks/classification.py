"""Classification: one label for each sample."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from leyden.data.loader import Batch
from leyden.data.spec import Spec
from leyden.loops import log_evaluation
from leyden.parallel import shard
from leyden.ranges import NonNegative, Probability
from leyden.tasks.cross_entropy import cross_entropy
from leyden.tasks.optimization import MakeOptimizer, MakeSchedule, optimization

TOP = 5
NAMES = ("loss", "acc", "precision", "recall", "f1", f"top{TOP}")


class Classification(LightningModule):
    """Trains a network by cross-entropy.

    Logs the loss (nats), accuracy, the means over the classes of precision, recall and F1, and the
    share of samples whose label is among the five likeliest (or all, where there are fewer).

    Args:
        net: Maps inputs to logits (batch, classes).
        spec: Of the data.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
        label_smoothing: Share of each training label that is spread over all classes (Szegedy et
            al. 2016, section 7).
        mixup: Training images are mixed in pairs with shares from Beta(mixup, mixup); 0 is none,
            0.2 usual (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization").
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in NAMES),
    )
    unit: ClassVar[str] = "samples"

    def __init__(
        self,
        net: nn.Module,
        *,
        spec: Spec,
        optimizer: MakeOptimizer,
        schedule: MakeSchedule,
        label_smoothing: Probability = 0.0,
        mixup: NonNegative = 0.0,
    ) -> None:
        super().__init__()
        self.net = net
        self.spec = spec
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.label_smoothing = label_smoothing
        self.mixup = mixup
        self.val_loss, self.test_loss = MeanMetric(), MeanMetric()
        self.val_scores = scores(spec.num_outputs, prefix="val/")
        self.test_scores = scores(spec.num_outputs, prefix="test/")

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        """Shape of one sample's target."""
        return ()

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, labels = batch
        if self.mixup > 0:
            return self._mixed_loss(inputs, labels)
        return self._loss(self(inputs), labels)

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.val_loss, self.val_scores)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.test_loss, self.test_scores)

    def on_validation_epoch_end(self) -> None:
        self._log_epoch("val", self.val_loss, self.val_scores)

    def on_test_epoch_end(self) -> None:
        self._log_epoch("test", self.test_loss, self.test_scores)

    def _loss(self, logits: Tensor, labels: Tensor) -> Float[Tensor, ""]:
        return cross_entropy(logits, labels, label_smoothing=self.label_smoothing)

    def _mixed_loss(self, inputs: Tensor, labels: Tensor) -> Float[Tensor, ""]:
        alpha = torch.tensor(float(self.mixup))
        share = torch.distributions.Beta(alpha, alpha).sample().item()
        partner = torch.randperm(len(labels))
        logits = self(inputs.lerp(inputs[partner], 1 - share))
        own, others = self._loss(logits, labels), self._loss(logits, labels[partner])
        return share * own + (1 - share) * others

    def _evaluate(self, batch: Batch, losses: MeanMetric, scored: MetricCollection) -> None:
        inputs, labels = batch
        logits = self(inputs).float()
        losses.update(F.cross_entropy(logits, labels), len(labels))
        scored.update(logits, labels)

    def _log_epoch(self, part: str, losses: MeanMetric, scored: MetricCollection) -> None:
        log_evaluation(self.trainer, {f"{part}/loss": losses.compute(), **scored.compute()})
        losses.reset()
        scored.reset()

    def configure_model(self) -> None:
        shard(self, self.net)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)


def scores(num_classes: int, *, prefix: str) -> MetricCollection:
    """What is logged beside the loss."""
    return MetricCollection(
        {
            "acc": MulticlassAccuracy(num_classes, average="micro"),
            "precision": MulticlassPrecision(num_classes),
            "recall": MulticlassRecall(num_classes),
            "f1": MulticlassF1Score(num_classes),
            f"top{TOP}": MulticlassAccuracy(
                num_classes, top_k=min(TOP, num_classes), average="micro"
            ),
        },
        prefix=prefix,
    )
