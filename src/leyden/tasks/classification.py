"""Classification: one label for each sample."""

from typing import ClassVar

from jaxtyping import Float
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from leyden.data.batches import Batch
from leyden.data.spec import Spec
from leyden.distributed.sharding import shard
from leyden.tasks.evaluation import Evaluation
from leyden.tasks.logging import log_evaluation
from leyden.tasks.losses import cross_entropy, widened
from leyden.tasks.optimization import MakeOptimizer, MakeSchedule, optimization
from leyden.types import Probability

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
    ) -> None:
        super().__init__()
        self.net = net
        self.spec = spec
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.label_smoothing = label_smoothing
        self.val = Evaluation(scores(spec.num_outputs))
        self.test = Evaluation(scores(spec.num_outputs))

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        """Shape of one sample's target."""
        return ()

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, targets = batch
        return cross_entropy(self(inputs), targets, label_smoothing=self.label_smoothing)

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.val)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.test)

    def on_validation_epoch_end(self) -> None:
        log_evaluation(self.trainer, "val", self.val.compute())

    def on_test_epoch_end(self) -> None:
        log_evaluation(self.trainer, "test", self.test.compute())

    def _evaluate(self, batch: Batch, evaluation: Evaluation) -> None:
        inputs, labels = batch
        logits = widened(self(inputs))
        evaluation.update(cross_entropy(logits, labels), len(labels), logits, labels)

    def configure_model(self) -> None:
        shard(self, self.net)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)


def scores(num_classes: int) -> dict[str, Metric]:
    """What is logged beside the loss."""
    return {
        "acc": MulticlassAccuracy(num_classes, average="micro"),
        "precision": MulticlassPrecision(num_classes),
        "recall": MulticlassRecall(num_classes),
        "f1": MulticlassF1Score(num_classes),
        f"top{TOP}": MulticlassAccuracy(num_classes, top_k=min(TOP, num_classes), average="micro"),
    }
