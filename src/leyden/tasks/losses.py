"""Losses, computed in 32 bits or more whatever the precision of the network."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""A target that does not count: torch's own `ignore_index`."""

Labels = Int[Tensor, " n"] | Float[Tensor, "n classes"]
"""A class for each sample, or the probability of each class."""


def widened(x: Tensor) -> Tensor:
    """A tensor in 32 bits, or in 64 where it has them."""
    return x if x.dtype == torch.float64 else x.float()


def cross_entropy(
    logits: Float[Tensor, "n classes"],
    targets: Labels,
    *,
    label_smoothing: float | Float[Tensor, ""] = 0.0,
) -> Float[Tensor, ""]:
    """Mean cross-entropy over the targets, in nats.

    Args:
        logits: Logits of the classes.
        targets: Classes, or their probabilities.
        label_smoothing: Share of each target that is spread over all classes (Szegedy et al. 2016,
            section 7). As a tensor, which networks that are stacked have each for itself, it is
            taken as a mixture: the loss is linear in it.
    """
    logits = widened(logits)
    targets = targets.to(logits.dtype) if targets.is_floating_point() else targets
    if not isinstance(label_smoothing, Tensor):
        return F.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    plain = F.cross_entropy(logits, targets)
    return plain + label_smoothing * (F.cross_entropy(logits, targets, label_smoothing=1.0) - plain)


def chunked_cross_entropy(
    features: Float[Tensor, "tokens width"],
    targets: Int[Tensor, " tokens"],
    head: Callable[[Tensor], Tensor],
    *,
    chunk: int,
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Mean cross-entropy of the next token without the logits of all tokens in memory at once.

    The logits of a chunk are computed again in the backward pass, one more product with the head's
    weights for a memory of `chunk` instead of all tokens times the vocabulary.

    Args:
        features: What the head reads.
        targets: Those that are `IGNORED` don't count.
        head: Makes the logits.
        chunk: Tokens whose logits stand in memory at a time.
        label_smoothing: Share of each target that is spread over the vocabulary.
    """

    def summed(part: Tensor, wanted: Tensor) -> Tensor:
        logits = widened(head(part))
        return F.cross_entropy(logits, wanted, reduction="sum", label_smoothing=label_smoothing)

    parts = zip(torch.split(features, chunk), torch.split(targets, chunk), strict=True)
    sums = [checkpoint(summed, part, wanted, use_reentrant=False) for part, wanted in parts]
    return torch.stack(sums).sum() / (targets != IGNORED).sum()


def squared_error(
    predicted: Float[Tensor, "n outputs"], targets: Float[Tensor, "n outputs"]
) -> Float[Tensor, ""]:
    """Mean squared error over samples and outputs.

    Args:
        predicted: Predictions of the network.
        targets: Targets in 32 bits or more.
    """
    predicted = widened(predicted)
    return F.mse_loss(predicted, targets.to(predicted.dtype))
