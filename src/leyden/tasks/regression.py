"""Regression: numbers for each sample."""

from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanAbsoluteError, MeanMetric, MeanSquaredError, MetricCollection, R2Score

from leyden.data.loader import Batch
from leyden.data.spec import Spec
from leyden.loops import log_evaluation
from leyden.parallel import shard
from leyden.tasks.optimization import MakeOptimizer, MakeSchedule, optimization

NAMES = ("loss", "rmse", "mae", "r2")


class Regression(LightningModule):
    """Trains a network by the mean squared error.

    The loss is that of the scaled target, on which the network is trained. Root mean squared error,
    mean absolute error and R^2 are in the target's own unit. Of a series the errors of simple
    forecasts are logged beside them.

    Args:
        net: Maps inputs to numbers (batch, outputs), scaled as the spec says.
        spec: Of the data.
        optimizer: Makes the optimizer of a network.
        schedule: Makes the schedule of an optimizer over a number of steps.
    """

    metrics: ClassVar[tuple[str, ...]] = (
        "train/loss",
        *(f"{part}/{name}" for part in ("val", "test") for name in NAMES),
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
        self.val_errors, self.test_errors = errors(prefix="val/"), errors(prefix="test/")

    @staticmethod
    def target_shape(spec: Spec) -> tuple[int, ...]:
        """Shape of one sample's target."""
        return (spec.num_outputs,)

    def forward(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch outputs"]:
        return self.net(inputs)  # type: ignore[no-any-return]

    def predict(self, inputs: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch outputs"]:
        """What the network says, in the target's own unit."""
        return self.in_own_unit(self(inputs).float())

    def in_own_unit(self, scaled: Float[Tensor, "batch outputs"]) -> Float[Tensor, "batch outputs"]:
        return scaled * self.spec.target_std + self.spec.target_mean

    def training_step(self, batch: Batch, batch_index: int) -> Float[Tensor, ""]:
        inputs, targets = batch
        return F.mse_loss(self(inputs), targets)

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.val_loss, self.val_errors)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        self._evaluate(batch, self.test_loss, self.test_errors)

    def on_validation_epoch_end(self) -> None:
        self._log_epoch("val", self.val_loss, self.val_errors)

    def on_test_epoch_end(self) -> None:
        self._log_epoch("test", self.test_loss, self.test_errors)

    def _evaluate(self, batch: Batch, losses: MeanMetric, found: MetricCollection) -> None:
        inputs, targets = batch
        predicted = self(inputs).float()
        losses.update(F.mse_loss(predicted, targets), len(targets))
        # Every step of a horizon counts alike.
        found.update(self.in_own_unit(predicted).flatten(), self.in_own_unit(targets).flatten())

    def _log_epoch(self, part: str, losses: MeanMetric, found: MetricCollection) -> None:
        of_baselines = self.spec.baseline_rmse.get(part, {})
        values = {
            f"{part}/loss": losses.compute(),
            **found.compute(),
            **{f"{part}/rmse_{model}": error for model, error in of_baselines.items()},
        }
        log_evaluation(self.trainer, values)
        losses.reset()
        found.reset()

    def configure_model(self) -> None:
        shard(self, self.net)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        return optimization(self, self.net, self.make_optimizer, self.make_schedule)


def errors(*, prefix: str) -> MetricCollection:
    """What is logged beside the loss."""
    return MetricCollection(
        {"rmse": MeanSquaredError(squared=False), "mae": MeanAbsoluteError(), "r2": R2Score()},
        prefix=prefix,
    )
