"""Classification: one label for each sample."""

from collections.abc import Mapping
from typing import ClassVar

from jaxtyping import Float
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
from leyden.tasks.evaluation import Evaluation
from leyden.tasks.losses import cross_entropy, widened
from leyden.tasks.task import MakeOptimizer, MakeSchedule, Task
from leyden.types import Probability

TOP = 5
NAMES = ("loss", "acc", "precision", "recall", "f1", f"top{TOP}")


class Classification(Task):
    """Trains a network by cross-entropy.

    Logs the loss (nats), accuracy, the means over the classes of precision, recall and F1, and the
    share of samples whose label is among the five likeliest (or all, where there are fewer).

    Args:
        net: Maps inputs to logits (batch, classes).
        spec: What the data is.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
        label_smoothing: Share of each training label that is spread over all classes (Szegedy et
            al. 2016, section 7).
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in NAMES),
    )

    def __init__(
        self,
        net: nn.Module,
        *,
        spec: Spec,
        optimizer: MakeOptimizer,
        schedule: MakeSchedule,
        label_smoothing: Probability = 0.0,
    ) -> None:
        super().__init__(net, spec=spec, optimizer=optimizer, schedule=schedule)
        self.label_smoothing = label_smoothing

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        return ()

    def scores(self) -> Mapping[str, Metric]:
        return scores(self.spec.num_outputs)

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, targets = batch
        return cross_entropy(self(inputs), targets, label_smoothing=self.label_smoothing)

    def evaluate(self, batch: Batch, evaluation: Evaluation) -> None:
        inputs, labels = batch
        logits = widened(self(inputs))
        evaluation.update(cross_entropy(logits, labels), len(labels), logits, labels)


def scores(num_classes: int) -> dict[str, Metric]:
    """What is logged beside the loss."""
    return {
        "acc": MulticlassAccuracy(num_classes, average="micro"),
        "precision": MulticlassPrecision(num_classes),
        "recall": MulticlassRecall(num_classes),
        "f1": MulticlassF1Score(num_classes),
        f"top{TOP}": MulticlassAccuracy(num_classes, top_k=min(TOP, num_classes), average="micro"),
    }
