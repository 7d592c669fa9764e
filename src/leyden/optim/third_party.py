"""Optimizers that torch lacks, from the library `pytorch_optimizer`.

It is imported when one of them is asked for.
"""

from typing import Annotated

from annotated_types import Interval
from torch import nn
from torch.optim import Optimizer

from leyden.optim.groups import decay_groups
from leyden.types import NonNegative, PositiveFloat, PositiveInt, Probability


def lion(
    net: nn.Module,
    *,
    lr: PositiveFloat = 3e-4,
    betas: tuple[Probability, Probability] = (0.9, 0.99),
    weight_decay: NonNegative = 0.3,
    decay_vectors: bool = False,
) -> Optimizer:
    """Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms").

    Each step has the sign of a mean gradient, so rates are 3 to 10 times smaller and weight decay
    as much larger than AdamW's (section 5 of the paper).

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate.
        betas: Shares of the mean gradient that are kept in a step, and from step to step.
        weight_decay: On matrices, times the learning rate.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
    """
    from pytorch_optimizer import Lion

    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    return Lion(groups, lr, (betas[0], betas[1]))


def soap(
    net: nn.Module,
    *,
    lr: PositiveFloat = 3e-3,
    betas: tuple[Probability, Probability] = (0.95, 0.95),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegative = 0.01,
    precondition_frequency: PositiveInt = 10,
    max_precondition_dim: PositiveInt = 2048,
    decay_vectors: bool = False,
) -> Optimizer:
    """SOAP (Vyas et al. 2024): Adam in the eigenbasis of Shampoo's preconditioner.

    The values are those of the authors' code. Its first step only looks at the gradient.

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate.
        betas: Decay of the running means of gradient and squared gradient.
        eps: Added to the root of the squared gradient.
        weight_decay: On matrices, times the learning rate.
        precondition_frequency: Steps between two bases.
        max_precondition_dim: Sides of a matrix longer than this keep their own basis; the authors'
            10,000 takes minutes a step on a CPU.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
    """
    from pytorch_optimizer import SOAP

    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    return SOAP(
        groups,
        lr,
        (betas[0], betas[1]),
        eps=eps,
        precondition_frequency=precondition_frequency,
        max_precondition_dim=max_precondition_dim,
    )


def schedule_free_adamw(
    net: nn.Module,
    *,
    lr: PositiveFloat = 2.5e-3,
    betas: tuple[Annotated[float, Interval(gt=0, lt=1)], Probability] = (0.9, 0.999),
    eps: PositiveFloat = 1e-8,
    weight_decay: NonNegative = 0.01,
    decay_vectors: bool = False,
) -> Optimizer:
    """Schedule-Free AdamW (Defazio et al. 2024, "The Road Less Scheduled").

    It trains at one point and keeps a mean of points, which is what is validated and saved (see
    `ScheduleFreeMode`). Take `scheduler=constant`, with a warm-up: that is what it is for. Running
    statistics of batch norm belong to the first point; `norm=group` or `layer` have none.

    Args:
        net: Network whose parameters are optimized.
        lr: Learning rate; the authors' 0.0025, between 1 and 10 times that of AdamW.
        betas: Weight of the mean in the point where gradients are taken; decay of the running mean
            of the squared gradient.
        eps: Added to the root of the squared gradient.
        weight_decay: On matrices, times the learning rate.
        decay_vectors: Weight decay on biases, norms and other 1-D parameters too.
    """
    from pytorch_optimizer import ScheduleFreeAdamW

    groups = decay_groups(net, weight_decay=weight_decay, decay_vectors=decay_vectors)
    return ScheduleFreeAdamW(groups, lr, (betas[0], betas[1]), eps=eps)
