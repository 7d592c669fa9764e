"""The base of all tasks: what is computed and logged in a step, without layers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Set
from math import isfinite
from typing import Any, ClassVar, get_args

from jaxtyping import Float
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torchmetrics import Metric, MetricCollection

from leyden.data.batches import Batch
from leyden.data.spec import Spec, TaskName
from leyden.distributed.sharding import shard
from leyden.tasks.evaluation import Convert, Evaluation
from leyden.tasks.log_values import log_evaluation
from leyden.tasks.sample_values import Columns, SampleStatistics, SampleValues

MakeOptimizer = Callable[[nn.Module], Optimizer]
MakeSchedule = Callable[[Optimizer, int], LRScheduler]


class Task(LightningModule, ABC):
    """Trains a network, and measures it over whole validation and test parts.

    A subclass defines `metrics`, `target_shape`, `training_step` and `evaluate`. It may define
    `scores` (metrics beside the loss), `summarize` (what is logged of what was measured) and
    `reader` (what the metrics of the group `metrics` are given). With `sample_columns` and
    `describe_samples` the metrics of the test get intervals. Further keyword parameters of its
    constructor are keys of `task` in the config.

    Args:
        net: Network that is trained.
        spec: What the data is.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
    """

    metrics: ClassVar[tuple[str, ...]]
    """Names of all that is logged: `train/loss`, `val/...`, `test/...`."""

    solves: ClassVar[Set[TaskName]] = frozenset(get_args(TaskName))
    """Names of the tasks (`Spec.task_name`) whose data it can be used for; by default all."""

    higher_is_better: ClassVar[Mapping[str, bool]] = {}
    """Whether more of a metric is better, by its name after `val/`, where that is known."""

    sample_columns: ClassVar[tuple[str, ...]] = ()
    """Names of the numbers of each test sample that `evaluate` gives to `evaluation.samples`."""

    unit: ClassVar[str] = "samples"
    """What is counted for the throughput."""

    def __init__(
        self, net: nn.Module, *, spec: Spec, optimizer: MakeOptimizer, schedule: MakeSchedule
    ) -> None:
        super().__init__()
        self.net = net
        self.spec = spec
        self.make_optimizer = optimizer
        self.make_schedule = schedule
        self.val, self.test = Evaluation(self.scores()), Evaluation(self.scores())
        if self.sample_columns:
            self.test.samples = SampleValues(self.sample_columns)
        vars(self)["metrics"] = self.metrics_for(spec)
        self.statistics = SampleStatistics()
        """What the samples of the last test tell."""

    @classmethod
    def metrics_for(cls, spec: Spec) -> tuple[str, ...]:
        """Those of `metrics` that are logged of data of a spec; by default all."""
        return cls.metrics

    @staticmethod
    @abstractmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        """Shape of the target of one sample."""

    @abstractmethod
    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        """The loss of a batch."""

    @abstractmethod
    def evaluate(self, batch: Batch, evaluation: Evaluation) -> None:
        """Updates the metrics with a batch of a validation or test part."""

    def scores(self) -> Mapping[str, Metric] | MetricCollection:
        """Metrics beside the loss, by name; they take what `evaluate` gives to the evaluation."""
        return {}

    def reader(self, metric: Metric) -> Convert:
        """The function that turns predictions and targets into the arguments of a user's metric."""
        return as_given

    def add_metrics(self, metrics: Callable[[], Mapping[str, Metric]]) -> None:
        """Logs further metrics of the validation and test parts.

        Args:
            metrics: Makes metrics by name, once for each part.
        """
        added: list[str] = []
        for part, evaluation in (("val", self.val), ("test", self.test)):
            made = metrics()
            evaluation.add(made, self.reader)
            added += [f"{part}/{name}" for name in made]
        vars(self)["metrics"] = (*self.metrics, *added)

    def summarize(self, part: str, values: dict[str, Any]) -> dict[str, Any]:
        """What is logged of a part.

        Args:
            part: `val` or `test`.
            values: What was measured over the part, by name.
        """
        return values

    def describe_samples(self, samples: Columns) -> SampleStatistics:
        """What the samples of the test part tell beside the metrics: intervals, tables.

        Args:
            samples: The `sample_columns` of all samples, of all processes.
        """
        return SampleStatistics()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.net(inputs)  # type: ignore[no-any-return]

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self.evaluate(batch, self.val)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self.evaluate(batch, self.test)

    def on_validation_epoch_end(self) -> None:
        log_evaluation(self.trainer, "val", self.summarize("val", self.val.compute()))

    def on_test_epoch_end(self) -> None:
        measured = self.summarize("test", self.test.compute())
        if self.test.samples is not None:
            self.statistics = self.describe_samples(self.test.samples.columns())
        log_evaluation(self.trainer, "test", {**measured, **self.statistics.metrics})

    def configure_model(self) -> None:
        shard(self, self.net)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = self.make_optimizer(self.net)
        planned = self.trainer.estimated_stepping_batches
        total_steps = int(planned) if isfinite(planned) else 1  # a time decides; see budget.py
        schedule = self.make_schedule(optimizer, total_steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def as_given(*answers: Tensor) -> tuple[Tensor, ...]:
    """Predictions and targets as they are."""
    return answers
