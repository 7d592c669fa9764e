"""Learning rate over the run: a warm-up, then a shape; both are factors of the peak rate."""

from collections.abc import Callable
from math import cos, pi, sqrt
from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from leyden.ranges import Count, Fraction

Shape = Callable[[float], float]
"""Factor of the peak rate at a progress from 0 (end of the warm-up) to 1 (end of the run)."""


def constant(
    optimizer: Optimizer,
    total_steps: int,
    *,
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
) -> LambdaLR:
    """The peak rate after the warm-up.

    Args:
        optimizer: Its groups' rates are the peaks.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
    """
    warmup = warmup_length(total_steps, warmup_steps, warmup_fraction)
    return warmed(optimizer, total_steps, warmup, lambda progress: 1.0)


def cosine(
    optimizer: Optimizer,
    total_steps: int,
    *,
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
    final_fraction: Fraction = 0.1,
) -> LambdaLR:
    """Half a cosine from the peak down to `final_fraction` of it (Loshchilov and Hutter 2017).

    Args:
        optimizer: Its groups' rates are the peaks.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        final_fraction: Rate at the end, as a share of the peak.
    """
    warmup = warmup_length(total_steps, warmup_steps, warmup_fraction)

    def shape(progress: float) -> float:
        return final_fraction + (1 - final_fraction) * (1 + cos(pi * progress)) / 2

    return warmed(optimizer, total_steps, warmup, shape)


def wsd(
    optimizer: Optimizer,
    total_steps: int,
    *,
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
    cooldown_fraction: Fraction = 0.2,
    cooldown: Literal["linear", "sqrt"] = "sqrt",
    final_fraction: Fraction = 0.0,
) -> LambdaLR:
    """Warm-up, stable, decay: the peak rate until a cooldown ends the run.

    Args:
        optimizer: Its groups' rates are the peaks.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        cooldown_fraction: Length of the cooldown, as a share of the steps after the warm-up.
        cooldown: `linear`, or `sqrt` for 1 - sqrt(t), the better of the two in Haegele et al.
            2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations".
        final_fraction: Rate at the end, as a share of the peak.
    """
    warmup = warmup_length(total_steps, warmup_steps, warmup_fraction)

    def shape(progress: float) -> float:
        start = 1 - cooldown_fraction
        if progress <= start:
            return 1.0
        cooled = min(1.0, (progress - start) / cooldown_fraction)
        fallen = cooled if cooldown == "linear" else sqrt(cooled)
        return final_fraction + (1 - final_fraction) * (1 - fallen)

    return warmed(optimizer, total_steps, warmup, shape)


def warmup_length(total_steps: int, steps: int | None, fraction: float | None) -> int:
    """Steps of the warm-up, however it was said.

    Raises:
        ValueError: It was said twice.
    """
    if steps is not None and fraction is not None:
        raise ValueError("scheduler.warmup_steps and scheduler.warmup_fraction exclude each other")
    return steps if steps is not None else round((fraction or 0.0) * total_steps)


def warmed(optimizer: Optimizer, total_steps: int, warmup: int, shape: Shape) -> LambdaLR:
    """A schedule that rises in a line over `warmup` steps and then follows `shape`.

    The first step is taken at 1 / (warmup + 1) of the peak, not at 0, which would waste it. The
    last of the `total_steps` is taken at shape(1), unless the warm-up leaves no room for it.
    """

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return shape(min(1.0, (step - warmup) / max(1, total_steps - 1 - warmup)))

    return LambdaLR(optimizer, factor)
