"""Stochastic gradient descent."""

import torch
from torch import nn

from leyden.compat.torch import leave_unscaling_to_the_scaler
from leyden.optim.groups import can_fuse, decay_groups
from leyden.types import NonNegative, PositiveFloat, Probability


def sgd(
    net: nn.Module,
    *,
    lr: PositiveFloat = 0.1,
    momentum: Probability = 0.0,
    nesterov: bool = False,
    weight_decay: NonNegative = 0.0,
    decay_vectors: bool = False,
    fused: bool = True,
) -> torch.optim.SGD:
    """SGD, with momentum if asked.

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate.
        momentum: Share of the last update that is kept; 0 is plain gradient descent.
        nesterov: Take the gradient where the momentum leads (needs `momentum`).
        weight_decay: L2 penalty on matrices; nothing on biases and norms.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
        fused: One kernel for all parameters; faster, also on the CPU.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    optimizer = torch.optim.SGD(
        groups, lr, momentum, nesterov=nesterov, fused=fused and can_fuse(net)
    )
    leave_unscaling_to_the_scaler(optimizer)
    return optimizer
