"""Learning rate over the run: a warm-up, then a shape; both are factors of the peak rate."""

from collections.abc import Callable
from math import cos, pi, sqrt
from typing import Literal

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from leyden.types import Count, Fraction

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
        optimizer: Optimizer whose groups have the peak rates.
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
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        final_fraction: Rate of the last step, as a share of the peak; with 0 that step changes
            nothing.
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
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        cooldown_fraction: Length of the cooldown, as a share of the steps after the warm-up.
        cooldown: `linear`, or `sqrt` for 1 - sqrt(t), the better of the two in Haegele et al.
            2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations".
        final_fraction: Rate of the last step, as a share of the peak; with 0 that step changes
            nothing.
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


def linear(
    optimizer: Optimizer,
    total_steps: int,
    *,
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
    final_fraction: Fraction = 0.0,
) -> LambdaLR:
    """A line from the peak down to `final_fraction` of it.

    Args:
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        final_fraction: Rate of the last step, as a share of the peak; with 0 that step changes
            nothing.
    """
    warmup = warmup_length(total_steps, warmup_steps, warmup_fraction)

    def shape(progress: float) -> float:
        return 1 - (1 - final_fraction) * progress

    return warmed(optimizer, total_steps, warmup, shape)


def inverse_sqrt(
    optimizer: Optimizer,
    total_steps: int,
    *,
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
) -> LambdaLR:
    """Falls with the root of the step, from the peak at the warm-up's end (Vaswani et al. 2017).

    It does not know how long the run is, so that a run can be prolonged.

    Args:
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
    """
    warmup = warmup_length(total_steps, warmup_steps, warmup_fraction)

    def factor(step: int) -> float:
        rising = (step + 1) / (warmup + 1)
        return rising if step < warmup else sqrt((warmup + 1) / (step + 1))

    return LambdaLR(optimizer, factor)


def one_cycle(
    optimizer: Optimizer,
    total_steps: int,
    *,
    rise_fraction: Fraction = 0.3,
    initial_fraction: Fraction = 0.04,
    final_fraction: Fraction = 4e-6,
) -> LambdaLR:
    """Up by half a cosine, then down by another (Smith and Topin 2018, "Super-Convergence").

    The values are those of torch's OneCycleLR, whose momentum, which falls as the rate rises, is
    left out: not every optimizer has one.

    Args:
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        rise_fraction: Share of the run until the peak.
        initial_fraction: Rate at the start, as a share of the peak.
        final_fraction: Rate of the last step, likewise.
    """
    peak = max(0.0, rise_fraction * total_steps - 1)

    def factor(step: int) -> float:
        if step < peak:
            return eased(initial_fraction, 1.0, step / peak)
        return eased(1.0, final_fraction, min(1.0, (step - peak) / max(1, total_steps - 1 - peak)))

    return LambdaLR(optimizer, factor)


def eased(start: float, end: float, progress: float) -> float:
    """Goes from `start` to `end` by half a cosine."""
    return end + (start - end) * (1 + cos(pi * progress)) / 2


def step(
    optimizer: Optimizer,
    total_steps: int,
    *,
    warmup_steps: Count | None = None,
    warmup_fraction: Fraction | None = None,
    milestones: tuple[Fraction, ...] = (0.5, 0.75),
    factor: Fraction = 0.1,
) -> LambdaLR:
    """Falls to `factor` of itself at each milestone.

    Args:
        optimizer: Optimizer whose groups have the peak rates.
        total_steps: Optimizer steps of the run.
        warmup_steps: Length of the warm-up in steps, or
        warmup_fraction: as a share of the run. Neither: none.
        milestones: As shares of the steps after the warm-up; by default those of ResNet on CIFAR
            (He et al. 2015, section 4.2: after 32k and 48k of 64k steps).
        factor: What is left of the rate.
    """
    warmup = warmup_length(total_steps, warmup_steps, warmup_fraction)

    def shape(progress: float) -> float:
        return factor ** sum(progress >= milestone for milestone in milestones)

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
