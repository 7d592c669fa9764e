"""Regression: numbers for each sample."""

from collections.abc import Mapping, Set
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torchmetrics import MeanAbsoluteError, MeanSquaredError, Metric

from leyden.data.batches import Batch
from leyden.data.spec import Spec, TaskName
from leyden.tasks.evaluation import Convert, Evaluation
from leyden.tasks.intervals import Array, block_length, bootstrap_means
from leyden.tasks.losses import NumericLoss, numeric_loss, squared_error, widened
from leyden.tasks.sample_values import Columns, SampleStatistics
from leyden.tasks.task import MakeOptimizer, MakeSchedule, Task

NAMES = ("loss", "rmse", "mae", "r2")


class Regression(Task):
    """Trains a network by the mean squared error, or by one that large errors weigh less in.

    The loss is that of the scaled target, on which the network is trained; in validation and test
    it is the mean squared error, whatever the network is trained by. Root mean squared error
    and mean absolute error are in the target's own unit. R^2 is left out where all targets of a
    part are alike. Of a series the errors of simple forecasts are logged beside them.

    Args:
        net: Maps inputs to numbers (batch, outputs), scaled as the spec says.
        spec: What the data is.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
        loss: Training loss: mean squared error, mean absolute error, or Huber's, which squares
            errors below one standard deviation of the target.
    """

    solves: ClassVar[Set[TaskName]] = frozenset({"regression"})

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in NAMES),
    )
    higher_is_better: ClassVar[Mapping[str, bool]] = {
        **dict.fromkeys(("loss", "rmse", "mae"), False),
        "r2": True,
    }
    sample_columns: ClassVar[tuple[str, ...]] = ("squared", "absolute", "target", "target_squared")

    def __init__(
        self,
        net: nn.Module,
        *,
        spec: Spec,
        optimizer: MakeOptimizer,
        schedule: MakeSchedule,
        loss: NumericLoss = "mse",
    ) -> None:
        super().__init__(net, spec=spec, optimizer=optimizer, schedule=schedule)
        self.loss: NumericLoss = loss

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        return (spec.num_outputs,)

    def scores(self) -> Mapping[str, Metric]:
        return errors()

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch outputs"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def in_own_unit(self, scaled: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Scaled predictions or targets in the target's own unit."""
        return scaled.double() * self.spec.target_std + self.spec.target_mean

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, targets = batch
        return numeric_loss(self.loss, self(inputs), targets)

    def evaluate(self, batch: Batch, evaluation: Evaluation) -> None:
        inputs, targets = batch
        predicted = widened(self(inputs))
        loss = squared_error(predicted, targets)
        # Every step of a horizon counts alike. Sums are those of scaled numbers: in the target's
        # own unit its mean would take the digits that its deviation needs.
        evaluation.update(loss, len(targets), predicted.flatten(), targets.flatten())
        if evaluation.samples is not None:
            errors = (predicted - targets).flatten(1)
            evaluation.samples.update(
                squared=errors.square().mean(1),
                absolute=errors.abs().mean(1),
                target=targets.flatten(1).mean(1),
                target_squared=targets.flatten(1).square().mean(1),
            )

    def describe_samples(self, samples: Columns) -> SampleStatistics:
        is_series = self.spec.kind == "series"
        if is_series and self.trainer.world_size > 1:
            return SampleStatistics()  # of several processes the samples are not in their order
        columns = np.stack([samples[name] for name in self.sample_columns], 1)
        if not np.isfinite(columns).all():
            return SampleStatistics()  # the run ends as diverged
        block = block_length(len(columns)) if is_series else 1
        return SampleStatistics(intervals=bootstrap_means(columns, self._metrics_of, block=block))

    def _metrics_of(self, means: Array) -> dict[str, Array]:
        """Metrics of resamples, from the means of `sample_columns`."""
        squared, absolute, target, target_squared = means.T
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = 1 - squared / (target_squared - np.square(target))
        return {
            "loss": squared,
            "rmse": np.sqrt(squared) * self.spec.target_std,
            "mae": absolute * self.spec.target_std,
            "r2": r2,
        }

    def reader(self, metric: Metric) -> Convert:
        """Metrics read predictions and targets in the target's own unit, each number by itself."""
        return self._in_own_unit

    def _in_own_unit(self, predicted: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
        return self.in_own_unit(predicted), self.in_own_unit(targets)

    def summarize(self, part: str, values: dict[str, Any]) -> dict[str, Any]:
        for name in ("rmse", "mae"):
            values[name] = values[name] * self.spec.target_std
        if values["r2"].isnan() and values["loss"].isfinite():
            del values["r2"]
        of_baselines = self.spec.baseline_rmse.get(part, {})
        return {**values, **{f"rmse_{model}": error for model, error in of_baselines.items()}}


def errors() -> dict[str, Metric]:
    """What is logged beside the loss."""
    return {"rmse": MeanSquaredError(squared=False), "mae": MeanAbsoluteError(), "r2": R2()}


class R2(Metric):
    """R^2: 1 minus the squared error over that of the targets' mean.

    torchmetrics' own takes errors below 1e-4 for none, whatever the number of samples. Targets that
    are all alike have no R^2: the value is NaN.
    """

    count: Tensor
    sum: Tensor
    sum_of_squares: Tensor
    squared_error: Tensor
    least: Tensor
    greatest: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("count", "sum", "sum_of_squares", "squared_error"):
            self.add_state(name, default=torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("least", default=torch.tensor(torch.inf), dist_reduce_fx="min")
        self.add_state("greatest", default=torch.tensor(-torch.inf), dist_reduce_fx="max")

    def update(self, predicted: Float[Tensor, " n"], targets: Float[Tensor, " n"]) -> None:
        """Adds samples."""
        self.count += targets.numel()
        self.sum += targets.sum()
        self.sum_of_squares += targets.square().sum()
        self.squared_error += (predicted - targets).square().sum()
        self.least = torch.minimum(self.least, targets.min())
        self.greatest = torch.maximum(self.greatest, targets.max())

    def compute(self) -> Float[Tensor, ""]:
        """Over all samples."""
        if self.least == self.greatest:
            return torch.full_like(self.sum, torch.nan)
        return 1 - self.squared_error / (self.sum_of_squares - self.sum.square() / self.count)
