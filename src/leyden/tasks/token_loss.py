"""Cross-entropy of a vocabulary's logits, without all of them in memory at once."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

IGNORED = -100
"""A target that does not count: torch's own `ignore_index`."""


def token_loss(
    features: Float[Tensor, "tokens width"],
    targets: Int[Tensor, " tokens"],
    head: Callable[[Tensor], Tensor],
    *,
    chunk: int,
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Mean cross-entropy of the next token, in 32 bits.

    The logits of a chunk are computed again on the way back, one more product with the head's
    weights for a memory of `chunk` instead of all tokens times the vocabulary.

    Args:
        features: What the head reads.
        targets: Those that are `IGNORED` don't count.
        head: Makes the logits.
        chunk: Tokens whose logits stand in memory at a time.
        label_smoothing: Share of each target that is spread over the vocabulary.
    """

    def summed(part: Tensor, wanted: Tensor) -> Tensor:
        logits = head(part).float()
        return F.cross_entropy(logits, wanted, reduction="sum", label_smoothing=label_smoothing)

    parts = zip(torch.split(features, chunk), torch.split(targets, chunk), strict=True)
    sums = [checkpoint(summed, part, wanted, use_reentrant=False) for part, wanted in parts]
    return torch.stack(sums).sum() / (targets != IGNORED).sum()
