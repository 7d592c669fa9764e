"""Which parameters are treated alike."""

from typing import Any

from torch import nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer


def decay_groups(
    net: nn.Module, *, weight_decay: float, decay_vectors: bool = False
) -> list[dict[str, Any]]:
    """Two groups: matrices with weight decay; biases, norms and other 1-D parameters without.

    Args:
        net: Its trainable parameters are sorted.
        weight_decay: Of the matrices.
        decay_vectors: Decay the 1-D parameters too.
    """
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for parameter in net.parameters():
        if parameter.requires_grad:
            (decayed if parameter.ndim >= 2 or decay_vectors else kept).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": kept, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def hidden_matrices(net: nn.Module) -> list[nn.Parameter]:
    """Weights that Muon makes orthogonal: 2-D and more, inside the network.

    No embedding, no `head`, and no `stem`, the first convolution (Jordan et al. 2024).
    """
    outer = {
        id(parameter)
        for name, module in net.named_modules()
        if isinstance(module, nn.Embedding) or name in ("head", "stem")
        for parameter in module.parameters()
    }
    return [p for p in net.parameters() if p.requires_grad and p.ndim >= 2 and id(p) not in outer]


def leave_unscaling_to_the_scaler(optimizer: Optimizer) -> None:
    """Lets Lightning clip gradients although the optimizer is fused.

    A fused optimizer offers to undo the gradient scaling of 16-mixed precision in its own step,
    and for that Lightning refuses to clip under any mixed precision, bf16 too, which does not
    scale at all (`MixedPrecision.clip_gradients` in 2.6.6). Without the offer, the scaler undoes
    it before the clipping, as for every other optimizer.
    """
    optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]


def can_fuse(net: nn.Module) -> bool:
    """Whether a network is whole: torch 2.14 fuses only Adam's and AdamW's steps of split ones."""
    return not any(isinstance(parameter, DTensor) for parameter in net.parameters())
