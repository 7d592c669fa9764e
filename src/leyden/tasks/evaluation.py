"""What is measured over a whole validation or test part."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric, MetricCollection, SumMetric

from leyden.errors import ConfigError, Problem
from leyden.tasks.sample_values import SampleValues

Convert = Callable[..., tuple[Tensor, ...]]
"""Turns the predictions and targets of a batch into what a metric of torchmetrics reads."""


class Evaluation:
    """The mean loss and other metrics of a part, summed in 64 bits whatever the run's precision.

    This is no nn.Module: Lightning converts a task's modules to the precision of the run, and a sum
    in bfloat16 stops growing once it is 256 times what is added to it.

    Args:
        metrics: Metrics by name beside the loss; each takes what `update` is given. A collection
            says by its `compute_groups` which of them share their states.
    """

    def __init__(self, metrics: Mapping[str, Metric] | MetricCollection | None = None) -> None:
        # torchmetrics' MeanMetric would leave NaN out of the mean, and with its check disabled it
        # ignores the weights.
        self.loss_sum = SumMetric(nan_strategy="disable")
        self.count = SumMetric(nan_strategy="disable")
        # torchmetrics would merge metrics whose states are equal after the first batch, and those
        # of two metrics may be so by chance, as of the accuracy and the top 5 where all are right.
        self.metrics: MetricCollection = (
            metrics
            if isinstance(metrics, MetricCollection)
            else MetricCollection(dict(metrics or {}), compute_groups=False)
        )
        self.further: dict[str, tuple[Metric, Convert]] = {}
        self.samples: SampleValues | None = None
        """Keeps numbers of each sample; None: they are not kept."""
        self.device: torch.device | None = None

    def add(self, metrics: Mapping[str, Metric], convert: Callable[[Metric], Convert]) -> None:
        """Adds metrics of the user's.

        Args:
            metrics: Metrics by name.
            convert: Gives for a metric what turns the answers of `update` into what it reads.
        """
        self.further |= {name: (metric, convert(metric)) for name, metric in metrics.items()}

    def update(self, loss: Float[Tensor, ""], count: int, *answers: Tensor) -> None:
        """Adds a batch.

        Args:
            loss: Mean over the batch.
            count: Samples or tokens in the mean.
            answers: Predictions and targets, for the other metrics.
        """
        wide = wide_float(loss.device)
        if loss.device != self.device:
            self.device = loss.device
            for metrics in self._all():
                metrics.to(loss.device)
                metrics.set_dtype(wide)  # after `to`, which sets the dtype back
            if self.samples is not None:
                self.samples.to(loss.device)
        self.loss_sum.update(loss.to(wide) * count)
        self.count.update(count)
        if answers:
            answers = tuple(a.to(wide) if a.is_floating_point() else a for a in answers)
            self.metrics.update(*answers)
        for name, (metric, convert) in self.further.items():
            if not answers:
                message = "has nothing to read: the task gives its evaluation no predictions"
                raise ConfigError([Problem(f"metrics.{name}", message)])
            metric.update(*convert(*answers))

    def compute(self) -> dict[str, Tensor]:
        """Values over all batches and processes since the last call, by name."""
        further = {name: metric.compute() for name, (metric, _) in self.further.items()}
        loss = self.loss_sum.compute() / self.count.compute()
        values = {"loss": loss, **self.metrics.compute(), **further}
        for metrics in self._all():
            metrics.reset()
        return values

    def _all(self) -> list[Metric | MetricCollection]:
        further = (metric for metric, _ in self.further.values())
        return [self.loss_sum, self.count, self.metrics, *further]


def wide_float(device: torch.device) -> torch.dtype:
    """64 bits; 32 on Apple's GPUs, which have no more."""
    return torch.float32 if device.type == "mps" else torch.float64
