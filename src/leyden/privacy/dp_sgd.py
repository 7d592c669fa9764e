"""DP-SGD: gradients clipped sample by sample, with noise on their sum (Abadi et al. 2016)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.optim import Optimizer

from leyden.privacy.gradients import MixedSamplesError, is_mean

if TYPE_CHECKING:
    from opacus.grad_sample import GradSampleHooks
    from opacus.optimizers import DPOptimizer


class PrivateOptimizer:
    """Makes the optimizer of a network, and lets it step on noisy gradients.

    The hooks that find the gradient of each sample stay on the network; they act while it trains.

    Args:
        make: Makes the optimizer of a network.
        noise_multiplier: Deviation of the noise, in units of `max_grad_norm`.
        max_grad_norm: Norm to which the gradient of each sample is clipped.
        batch_size: Expected number of samples of a batch, by which their sum is divided: the true
            one would tell of the samples.
    """

    def __init__(
        self,
        make: Callable[[nn.Module], Optimizer],
        *,
        noise_multiplier: float,
        max_grad_norm: float,
        batch_size: int,
    ) -> None:
        self.make = make
        self.noise_multiplier = noise_multiplier
        self.max_grad_norm = max_grad_norm
        self.batch_size = batch_size
        self.hooks: GradSampleHooks | None = None

    def __call__(self, net: nn.Module) -> Optimizer:
        from opacus.grad_sample import GradSampleHooks
        from opacus.optimizers import DPOptimizer

        # Resolution has refused what it would refuse.
        self.hooks = GradSampleHooks(net, strict=False)
        optimizer = DPOptimizer(
            self.make(net),
            noise_multiplier=self.noise_multiplier,
            max_grad_norm=self.max_grad_norm,
            expected_batch_size=self.batch_size,
        )
        optimizer.attach_step_hook(forget_samples)
        return optimizer  # type: ignore[no-any-return]

    def release(self) -> None:
        """Takes the hooks off the network, once it is trained."""
        if self.hooks is not None:
            self.hooks.cleanup()
        self.hooks = None


def forget_samples(optimizer: "DPOptimizer") -> None:
    """Frees the gradients of samples, once their noisy sum is known."""
    for parameter in optimizer.params:
        parameter.grad_sample = parameter.summed_grad = None


def require_whole_gradient(net: nn.Module) -> None:
    """Checks after a backward pass that the gradients of the samples are those of the loss.

    Raises:
        MixedSamplesError: The loss reaches weights past their layers, or is no mean over samples.
    """
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad or parameter.grad is None:
            continue
        found = getattr(parameter, "grad_sample", None)
        if not isinstance(found, Tensor) or not is_mean(found, parameter.grad):
            raise MixedSamplesError(
                f"the gradients of {name} by samples are not that of the loss: no privacy is kept"
            )
