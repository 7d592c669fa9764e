"""Losses, computed in 32 bits or more whatever the precision of the network."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""A target that does not count: torch's own `ignore_index`."""

Labels = Int[Tensor, " n"] | Float[Tensor, "n classes"]
"""A class for each sample, or the probability of each class."""


NumericLoss = Literal["mse", "mae", "huber"]

NUMERIC_LOSSES: dict[NumericLoss, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
}


def widened(x: Tensor) -> Tensor:
    """A tensor in 32 bits, or in 64 where it has them."""
    return x if x.dtype == torch.float64 else x.float()


def cross_entropy(
    logits: Float[Tensor, "n classes"],
    targets: Labels,
    *,
    label_smoothing: float | Float[Tensor, ""] = 0.0,
    class_weights: Float[Tensor, " classes"] | None = None,
) -> Float[Tensor, ""]:
    """Mean cross-entropy over the targets, in nats.

    Args:
        logits: Logits of the classes.
        targets: Classes, or their probabilities.
        label_smoothing: Share of each target that is spread over all classes (Szegedy et al. 2016,
            section 7). As a tensor, which networks that are stacked have each for itself, it is
            taken as a mixture: the loss is linear in it.
        class_weights: Weight of each class; None: all weigh 1. The sum is divided by the number of
            targets. torch divides by the sum of their weights: then a batch that is computed in
            parts would have another loss.
    """
    logits = widened(logits)
    targets = targets.to(logits.dtype) if targets.is_floating_point() else targets

    if isinstance(label_smoothing, Tensor):
        plain = cross_entropy(logits, targets, class_weights=class_weights)
        spread = cross_entropy(logits, targets, label_smoothing=1.0, class_weights=class_weights)
        return plain + label_smoothing * (spread - plain)
    if class_weights is None:
        return F.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    weights = class_weights.to(logits.dtype)
    losses = F.cross_entropy(
        logits, targets, weights, reduction="none", label_smoothing=label_smoothing
    )
    return losses.mean()


def focal_loss(
    logits: Float[Tensor, "n classes"],
    targets: Labels,
    *,
    gamma: float,
    label_smoothing: float | Float[Tensor, ""] = 0.0,
    class_weights: Float[Tensor, " classes"] | None = None,
) -> Float[Tensor, ""]:
    """Mean of (1 - p)^gamma times the cross-entropy of each class (Lin et al. 2017, equation 4).

    Args:
        logits: Logits of the classes.
        targets: Classes, or their probabilities: a sample's loss is then their mean.
        gamma: Exponent; 0 is the cross-entropy.
        label_smoothing: Share of each target that is spread over all classes.
        class_weights: Weight of each class, alpha in the source; None: all weigh 1.
    """
    log_shares = widened(logits).log_softmax(-1)
    missed = -log_shares.expm1()
    # The slope of x^gamma at 0 is infinite for gamma < 1.
    missed = missed.clamp_min(torch.finfo(missed.dtype).tiny)
    losses = -(missed**gamma) * log_shares
    if class_weights is not None:
        losses = losses * class_weights.to(losses.dtype)
    if targets.is_floating_point():
        of_targets = (losses * targets.to(losses.dtype)).sum(-1)
    else:
        of_targets = losses.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    return (of_targets + label_smoothing * (losses.mean(-1) - of_targets)).mean()


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
    return numeric_loss("mse", predicted, targets)


def numeric_loss(
    name: NumericLoss, predicted: Float[Tensor, "n outputs"], targets: Float[Tensor, "n outputs"]
) -> Float[Tensor, ""]:
    """Mean over samples and outputs of what an error costs.

    Args:
        name: `mse` squares the errors, `mae` takes their sizes; `huber` takes half the square of
            errors below 1, and of others the size less a half (Huber 1964).
        predicted: Predictions of the network.
        targets: Targets in 32 bits or more.
    """
    predicted = widened(predicted)
    return NUMERIC_LOSSES[name](predicted, targets.to(predicted.dtype))
