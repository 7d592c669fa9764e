"""Groups of parameters that are treated alike, and when an optimizer can be fused."""

from typing import Any

from torch import nn
from torch.distributed.tensor import DTensor

from leyden.optim.layers import layers_of


def decay_groups(
    net: nn.Module, *, weight_decay: float, decay_vectors: bool = False
) -> list[dict[str, Any]]:
    """Two groups: matrices with weight decay; biases, norms and other 1-D parameters without.

    Args:
        net: Network whose trainable parameters are sorted.
        weight_decay: Weight decay of the matrices.
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

    No embedding, no `head`, and no `stem`, the first convolution (Jordan et al. 2024). Networks of
    other libraries have other names: of those with `pretrained` these are the first and last layer.
    """
    outer = {
        id(parameter)
        for name, module in net.named_modules()
        if isinstance(module, nn.Embedding) or name in ("head", "stem")
        for parameter in module.parameters()
    }
    if hasattr(net, "pretrained"):
        layers = layers_of(net)
        of_ends = {*layers[0], *layers[-1]}
        outer |= {id(parameter) for name, parameter in net.named_parameters() if name in of_ends}
    return [p for p in net.parameters() if p.requires_grad and p.ndim >= 2 and id(p) not in outer]


def can_fuse(net: nn.Module) -> bool:
    """Whether a network is whole: torch 2.14 fuses only Adam's and AdamW's steps of split ones."""
    return not any(isinstance(parameter, DTensor) for parameter in net.parameters())
