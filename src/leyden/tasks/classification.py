"""Classification: one label for each sample."""

from collections.abc import Mapping, Set
from math import isfinite
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torchmetrics import MeanSquaredError, Metric, MetricCollection
from torchmetrics.classification import (
    BinaryAUROC,
    BinaryAveragePrecision,
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
)

from leyden.data.batches import Batch
from leyden.data.spec import Spec, TaskName
from leyden.errors import ConfigError, Problem
from leyden.tasks.class_statistics import COLUMNS, class_statistics
from leyden.tasks.evaluation import Convert, Evaluation
from leyden.tasks.losses import cross_entropy, focal_loss, widened
from leyden.tasks.sample_values import Columns, SampleStatistics
from leyden.tasks.task import MakeOptimizer, MakeSchedule, Task
from leyden.types import NonNegative, Probability

TOP = 5
SAME_STATES = [["precision", "recall", "f1"]]
"""Metrics that are computed from the same counts of each class; all others count by themselves."""

NAMES = ("loss", "acc", "precision", "recall", "f1")
OF_MANY = (f"top{TOP}",)
"""Logged beside `NAMES` where there are more classes than that."""

OF_TWO = ("auroc", "ap", "brier", "balanced_acc")
"""Logged beside `NAMES` where there are two classes."""

OF_TEST = ("ece",)


class Classification(Task):
    """Trains a network by cross-entropy, or by the focal loss.

    Logs the loss (nats), accuracy, and the means over the classes of precision, recall and F1
    (macro). Of two classes also the area under the ROC curve, the average precision, the Brier
    score of the second class, and the balanced accuracy; of six or more the share of samples whose
    label is among the five likeliest. Of the test part also the expected calibration error. The
    loss of validation and test is the plain cross-entropy, whatever the network is trained by, so
    that runs can be compared.

    Args:
        net: Maps inputs to logits (batch, classes).
        spec: What the data is.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
        label_smoothing: Share of each training label that is spread over all classes (Szegedy et
            al. 2016, section 7).
        class_weights: Weight of each class in the training loss, in the order of the classes;
            `balanced`: samples / (classes * samples of the class), counted in the training part,
            so that all classes weigh alike; None: every sample weighs 1.
        loss: Training loss; the focal loss gives less weight to samples that are right already.
        focal_gamma: Exponent of the focal loss; 2 was best in its source (Lin et al. 2017).
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in (*NAMES, *OF_MANY, *OF_TWO)),
        *(f"test/{name}" for name in OF_TEST),
    )
    higher_is_better: ClassVar[Mapping[str, bool]] = {
        **dict.fromkeys(("acc", "precision", "recall", "f1", *OF_MANY, *OF_TWO), True),
        **dict.fromkeys(("loss", "brier", "ece"), False),
    }
    sample_columns: ClassVar[tuple[str, ...]] = COLUMNS

    def __init__(
        self,
        net: nn.Module,
        *,
        spec: Spec,
        optimizer: MakeOptimizer,
        schedule: MakeSchedule,
        label_smoothing: Probability = 0.0,
        class_weights: Literal["balanced"] | tuple[NonNegative, ...] | None = None,
        loss: Literal["cross_entropy", "focal"] = "cross_entropy",
        focal_gamma: NonNegative = 2.0,
    ) -> None:
        super().__init__(net, spec=spec, optimizer=optimizer, schedule=schedule)
        self.label_smoothing = label_smoothing
        self.loss = loss
        self.focal_gamma = focal_gamma
        if spec.num_outputs == 2:
            for evaluation in (self.val, self.test):
                evaluation.add(scores_of_two(), lambda metric: probability_of_second)
                evaluation.add({"balanced_acc": MulticlassRecall(2)}, lambda metric: probabilities)
        # In no buffer, which Lightning would round to the precision of the run.
        self.class_weights = weights_of(class_weights, spec)

    solves: ClassVar[Set[TaskName]] = frozenset({"classification"})

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        return ()

    @classmethod
    def metrics_for(cls, spec: Spec) -> tuple[str, ...]:
        left_out = {*(() if spec.num_outputs == 2 else OF_TWO), *(() if has_top(spec) else OF_MANY)}
        return tuple(name for name in cls.metrics if name.partition("/")[2] not in left_out)

    def scores(self) -> MetricCollection:
        members: dict[str, Metric | MetricCollection] = {**scores(self.spec.num_outputs)}
        return MetricCollection(members, compute_groups=SAME_STATES)

    def forward(self, inputs: Shaped[Tensor, "batch *shape"]) -> Float[Tensor, "batch classes"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, targets = batch
        logits = self(inputs)
        if self.class_weights is not None and self.class_weights.device != logits.device:
            self.class_weights = self.class_weights.to(logits.device)
        smoothing, weights = self.label_smoothing, self.class_weights
        if self.loss == "focal":
            return focal_loss(
                logits,
                targets,
                gamma=self.focal_gamma,
                label_smoothing=smoothing,
                class_weights=weights,
            )
        return cross_entropy(logits, targets, label_smoothing=smoothing, class_weights=weights)

    def evaluate(self, batch: Batch, evaluation: Evaluation) -> None:
        inputs, labels = batch
        logits = widened(self(inputs))
        evaluation.update(cross_entropy(logits, labels), len(labels), logits, labels)
        if evaluation.samples is not None:
            evaluation.samples.update(**sample_columns(logits, labels))

    def describe_samples(self, samples: Columns) -> SampleStatistics:
        names = self.spec.class_names or map(str, range(self.spec.num_outputs))
        return class_statistics(
            samples,
            class_names=list(names),
            top_name=f"top{TOP}" if has_top(self.spec) else None,
        )

    def reader(self, metric: Metric) -> Convert:
        return reader_of(metric)


def has_top(spec: Spec) -> bool:
    """Whether there are more classes than the likeliest ones that are asked for."""
    return spec.num_outputs > TOP


def sample_columns(
    logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]
) -> dict[str, Tensor]:
    """The `COLUMNS` of the samples of a batch."""
    shares = logits.softmax(-1)
    confidence, predicted = shares.max(-1)
    likeliest = logits.topk(min(TOP, logits.shape[-1])).indices
    return {
        "label": labels,
        "predicted": predicted,
        "confidence": confidence,
        "loss": F.cross_entropy(logits, labels, reduction="none"),
        "second": shares[:, 1],
        "in_top": (likeliest == labels[:, None]).any(-1),
    }


def reader_of(metric: Metric) -> Convert:
    """Metrics read the probabilities of the classes; those of two classes that of the second.

    torchmetrics takes a batch for logits if it has values outside of 0 to 1: what is meant would
    depend on the batch.
    """
    is_binary = type(metric).__name__.startswith("Binary")
    return probability_of_second if is_binary else probabilities


def probabilities(
    logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]
) -> tuple[Tensor, ...]:
    """Probability of each class, and the labels."""
    return logits.softmax(-1), labels


def probability_of_second(
    logits: Float[Tensor, "n classes"], labels: Int[Tensor, " n"]
) -> tuple[Tensor, ...]:
    """Probability of the second of two classes, and the labels."""
    return logits.softmax(-1)[:, 1], labels


def weights_of(
    class_weights: Literal["balanced"] | tuple[float, ...] | None, spec: Spec
) -> Float[Tensor, " classes"] | None:
    """The weights of the classes in 64 bits.

    Raises:
        ConfigError: There are more or fewer than classes, all are 0, or the data does not tell the
            number of samples of each class.
    """
    if class_weights is None:
        return None
    if class_weights != "balanced":
        if len(class_weights) != spec.num_outputs:
            message = f"must have {spec.num_outputs} weights, one for each class of the data"
            raise ConfigError([Problem("task.class_weights", message, str(list(class_weights)))])
        if not any(class_weights) or not all(map(isfinite, class_weights)):
            message = "must be finite, and one of them above 0"
            raise ConfigError([Problem("task.class_weights", message, str(list(class_weights)))])
        return torch.tensor(class_weights, dtype=torch.double)
    if not spec.class_counts:
        message = "needs the number of samples of each class, which the data does not tell; list"
        raise ConfigError([Problem("task.class_weights", f"{message} the weights", "balanced")])
    if 0 in spec.class_counts:
        missing = spec.class_counts.index(0)
        name = spec.class_names[missing] if missing < len(spec.class_names) else str(missing)
        message = f"the training part has no sample of the class `{name}`; list the weights"
        raise ConfigError([Problem("task.class_weights", message, "balanced")])
    counts = torch.tensor(spec.class_counts, dtype=torch.double)
    return counts.sum() / (len(counts) * counts)


def scores(num_classes: int) -> dict[str, Metric]:
    """What is logged beside the loss; precision, recall and F1 are means over the classes."""
    found: dict[str, Metric] = {
        "acc": MulticlassAccuracy(num_classes, average="micro"),
        "precision": MulticlassPrecision(num_classes),
        "recall": MulticlassRecall(num_classes),
        "f1": MulticlassF1Score(num_classes),
    }
    if num_classes > TOP:
        found[f"top{TOP}"] = MulticlassAccuracy(num_classes, top_k=TOP, average="micro")
    return found


def scores_of_two() -> dict[str, Metric]:
    """Metrics of the probability of the second of two classes."""
    return {
        "auroc": BinaryAUROC(),
        "ap": BinaryAveragePrecision(),
        "brier": MeanSquaredError(),
    }
