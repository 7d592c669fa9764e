"""Numbers brought to mean 0 and deviation 1."""

import torch
from jaxtyping import Float
from torch import Tensor


def mean_and_scale(
    values: Float[Tensor, "n *features"],
) -> tuple[Float[Tensor, " *features"], Float[Tensor, " *features"]]:
    """Mean and standard deviation of each feature; 1 for one that does not vary.

    Division by a deviation of nearly 0 would make what varies elsewhere as large as you like.
    """
    mean, std = values.mean(dim=0), values.std(dim=0)
    varies = std > 1e-9 * mean.abs().clamp_min(1e-9)
    return mean, torch.where(varies, std, torch.ones_like(std))
