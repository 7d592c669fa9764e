"""Adam and its relatives, AdamW among them."""

import torch
from torch import nn

from leyden.compat.torch import leave_unscaling_to_the_scaler
from leyden.optim.groups import decay_groups
from leyden.types import NonNegative, PositiveFloat, Probability


def adam(
    net: nn.Module,
    *,
    lr: PositiveFloat = 1e-3,
    betas: tuple[Probability, Probability] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegative = 0.0,
    decay_vectors: bool = False,
    fused: bool = True,
) -> torch.optim.Adam:
    """Adam (Kingma and Ba 2015); the defaults are the paper's.

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate.
        betas: Decay of the running means of gradient and squared gradient.
        eps: Added to the root of the squared gradient.
        weight_decay: L2 penalty on matrices, inside the gradient; `adamw` has it outside, and has
            more of it.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
        fused: One kernel for all parameters; faster, also on the CPU.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    optimizer = torch.optim.Adam(groups, lr, (betas[0], betas[1]), eps, fused=fused)
    leave_unscaling_to_the_scaler(optimizer)
    return optimizer


def nadam(
    net: nn.Module,
    *,
    lr: PositiveFloat = 2e-3,
    betas: tuple[Probability, Probability] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegative = 0.01,
    momentum_decay: NonNegative = 4e-3,
    decay_vectors: bool = False,
) -> torch.optim.NAdam:
    """Adam with Nesterov's momentum (Dozat 2016) and decoupled weight decay; values are torch's.

    NAdamW is the strongest tuned baseline of the AlgoPerf benchmark (Dahl et al. 2023).

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate.
        betas: Decay of the running means of gradient and squared gradient.
        eps: Added to the root of the squared gradient.
        weight_decay: On matrices, times the learning rate.
        momentum_decay: Speed at which the momentum rises to its full size.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    return torch.optim.NAdam(
        groups,
        lr,
        (betas[0], betas[1]),
        eps,
        momentum_decay=momentum_decay,
        decoupled_weight_decay=True,
    )


def adamw(
    net: nn.Module,
    *,
    lr: PositiveFloat = 1e-3,
    betas: tuple[Probability, Probability] = (0.9, 0.95),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegative = 0.1,
    decay_vectors: bool = False,
    fused: bool = True,
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization").

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate.
        betas: Decay of the running means of gradient and squared gradient. The second is 0.95
            as in GPT-3 (Brown et al. 2020, appendix B), not Adam's 0.999, for short runs.
        eps: Added to the root of the squared gradient.
        weight_decay: On matrices, times the learning rate; nothing on biases and norms.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
        fused: One kernel for all parameters; faster, also on the CPU.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    optimizer = torch.optim.AdamW(groups, lr, (betas[0], betas[1]), eps, fused=fused)
    leave_unscaling_to_the_scaler(optimizer)
    return optimizer
