"""Numbers brought to mean 0 and deviation 1."""

import torch
from jaxtyping import Float
from torch import Tensor

ROUNDING = 16
"""Deviations of no more units in the last place than this are those of numbers that are alike."""


def mean_and_scale(
    values: Float[Tensor, "n *features"],
) -> tuple[Float[Tensor, " *features"], Float[Tensor, " *features"]]:
    """Mean and standard deviation of each feature; 1 for one that does not vary.

    Features may be of any size and as far from zero as their digits go: they are divided by their
    largest number first, so that no square is too large or too small for a number.
    """
    largest = values.abs().amax(dim=0)
    unit = torch.where(largest > 0, largest, torch.ones_like(largest))
    relative = values / unit
    mean, std = relative.mean(dim=0) * unit, relative.std(dim=0, correction=min(1, len(values) - 1))
    varies = std > ROUNDING * torch.finfo(values.dtype).eps
    return mean, torch.where(varies, std * unit, torch.ones_like(std))
