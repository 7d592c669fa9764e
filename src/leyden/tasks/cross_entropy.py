"""Cross-entropy with smoothed targets."""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


def cross_entropy(
    logits: Float[Tensor, "n classes"],
    targets: Int[Tensor, " n"],
    *,
    label_smoothing: float | Float[Tensor, ""],
) -> Float[Tensor, ""]:
    """Mean over the targets, in nats.

    Args:
        logits: Of the classes.
        targets: The right ones.
        label_smoothing: Share of each target that is spread over all classes (Szegedy et al. 2016,
            section 7). As a tensor, which networks that are stacked have each for itself, it is
            taken as a mixture: the loss is linear in it.
    """
    if not isinstance(label_smoothing, Tensor):
        return F.cross_entropy(logits, targets, label_smoothing=label_smoothing)
    plain = F.cross_entropy(logits, targets)
    return plain + label_smoothing * (F.cross_entropy(logits, targets, label_smoothing=1.0) - plain)
