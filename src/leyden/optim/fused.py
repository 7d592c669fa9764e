"""torch's fused optimizers under Lightning."""

from torch import nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer


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
