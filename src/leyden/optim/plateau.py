"""A learning rate that falls when a metric no longer improves."""

from math import inf
from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from leyden.optim.schedules import warmup_length
from leyden.types import Count, Fraction, NonNegative


def plateau(
    optimizer: Optimizer,
    total_steps: int,
    *,
    monitor: str,
    mode: Literal["min", "max"],
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
    factor: Fraction = 0.1,
    patience: Count = 5,
    min_delta: NonNegative = 0.0,
    final_fraction: Fraction = 0.0,
) -> "Plateau":
    """Falls to `factor` of itself after more than `patience` validations without improvement.

    Args:
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        monitor: The metric.
        mode: Whether less or more of it is better.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        factor: What is left of the rate.
        patience: Validations without improvement that are borne; torch's default is 10.
        min_delta: Smallest change that counts as an improvement.
        final_fraction: The rate falls no lower than this share of the peak.
    """
    return Plateau(
        optimizer,
        monitor=monitor,
        sign=1 if mode == "max" else -1,
        warmup=warmup_length(total_steps, warmup_steps, warmup_fraction),
        factor=factor,
        patience=patience,
        min_delta=min_delta,
        final_fraction=final_fraction,
    )


class Plateau(LambdaLR):
    """A schedule that is told of each validation.

    Not torch's `ReduceLROnPlateau`: it has no warm-up, and Lightning would step it at the ends of
    epochs only, also where validation happens within them.

    Args:
        optimizer: Optimizer whose groups have the peak rates.
        monitor: The metric that it is to be told.
        sign: 1 if more of it is better, -1 if less.
        warmup: Steps.
        factor: See `plateau`, as for the rest.
        patience: Validations.
        min_delta: Smallest change of the metric.
        final_fraction: Final rate, as a share of the peak.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        *,
        monitor: str,
        sign: int,
        warmup: int,
        factor: float,
        patience: int,
        min_delta: float,
        final_fraction: float,
    ) -> None:
        self.monitor = monitor
        self.sign = sign
        self.factor = factor
        self.patience = patience
        self.min_delta = min_delta
        self.final_fraction = final_fraction
        self.best = -inf
        self.waited = 0
        self.reached = 1.0

        def factor_at(step: int) -> float:
            return min(1.0, (step + 1) / (warmup + 1)) * self.reached

        super().__init__(optimizer, factor_at)

    def observe(self, value: float) -> None:
        """Takes note of a validation; the next step goes at the new rate.

        Args:
            value: Value of the metric.
        """
        value *= self.sign
        if value > self.best + self.min_delta:
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.reached = max(self.reached * self.factor, self.final_fraction)
            self.waited = 0
            for group, peak in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
                group["lr"] = peak * self.lr_lambdas[0](self.last_epoch)
