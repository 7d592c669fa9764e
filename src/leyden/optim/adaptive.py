"""Optimizers that scale each parameter's step by its past gradients, without a mean of them."""

from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import nn

from leyden.compat.torch import leave_unscaling_to_the_scaler
from leyden.optim.groups import can_fuse, decay_groups
from leyden.types import NonNegative, PositiveFloat, Probability


def rmsprop(
    net: nn.Module,
    *,
    lr: PositiveFloat = 1e-3,
    alpha: Probability = 0.99,
    eps: PositiveFloat = 1e-8,
    momentum: Probability = 0.0,
    weight_decay: NonNegative = 0.0,
    decay_vectors: bool = False,
) -> torch.optim.RMSprop:
    """RMSprop (Tieleman and Hinton 2012, lecture 6.5 of "Neural Networks for Machine Learning").

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate; the lecture's 0.001.
        alpha: Decay of the running mean of the squared gradient; torch's 0.99, the lecture's 0.9.
        eps: Added to the root of the squared gradient.
        momentum: Share of the last update that is kept.
        weight_decay: L2 penalty on matrices.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    return torch.optim.RMSprop(groups, lr, alpha, eps, momentum=momentum)


def adagrad(
    net: nn.Module,
    *,
    lr: PositiveFloat = 1e-2,
    lr_decay: NonNegative = 0.0,
    eps: PositiveFloat = 1e-10,
    weight_decay: NonNegative = 0.0,
    decay_vectors: bool = False,
    fused: bool = True,
) -> torch.optim.Adagrad:
    """Adagrad (Duchi, Hazan, Singer 2011); the values are torch's.

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate. The steps shrink by themselves, as squared gradients add up.
        lr_decay: Further decay of the rate, a step.
        eps: Added to the root of the sum of squared gradients.
        weight_decay: L2 penalty on matrices.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
        fused: One kernel for all parameters; faster, also on the CPU.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    optimizer = torch.optim.Adagrad(groups, lr, lr_decay, eps=eps, fused=fused and can_fuse(net))
    leave_unscaling_to_the_scaler(optimizer)
    return optimizer


def adafactor(
    net: nn.Module,
    *,
    lr: PositiveFloat = 1e-2,
    beta2_decay: Annotated[float, Le(0)] = -0.8,
    clip_threshold: Annotated[float, Ge(1)] = 1.0,
    weight_decay: NonNegative = 0.0,
    decay_vectors: bool = False,
) -> torch.optim.Adafactor:
    """Adafactor (Shazeer and Stern 2018): a matrix's squared gradients as a row and a column.

    Args:
        net: Network whose parameters are optimized.
        lr: Peak of the relative step size; the paper's 1e-2.
        beta2_decay: The running mean of squared gradients keeps 1 - step^beta2_decay of itself.
        clip_threshold: Largest root mean square of an update.
        weight_decay: On matrices, times the learning rate.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
    """
    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    return torch.optim.Adafactor(groups, lr, beta2_decay, d=clip_threshold)
