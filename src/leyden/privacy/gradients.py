"""Whether a network's gradient can be told apart by samples, tried on a batch."""

import warnings

import torch
from torch import Tensor, nn


class MixedSamplesError(ValueError):
    """A network has no gradient of each sample by itself; the message says why."""


def require_gradients_of_samples(net: nn.Module, inputs: Tensor) -> None:
    """Checks that Opacus gives the gradient of each sample, and that samples don't mix.

    Their mean must be the gradient of the batch, and a loss of the first sample alone must not
    reach the gradients of the others: in batch norm, for one, it does.

    Args:
        net: On the device of the inputs; it is left as it was.
        inputs: A batch of at least two samples.

    Raises:
        MixedSamplesError: It is not so.
    """
    from opacus.grad_sample import GradSampleHooks

    mixing = [name for name, layer in net.named_modules() if _has_own_buffers(layer)]
    if mixing:
        raise MixedSamplesError(f"{', '.join(mixing[:3])}: keeps statistics of whole batches")
    recurrent = [name for name, layer in net.named_modules() if isinstance(layer, nn.RNNBase)]
    if recurrent:
        raise MixedSamplesError(f"Opacus has no gradients of samples of {', '.join(recurrent[:3])}")
    was_training = net.training
    hooks = GradSampleHooks(net.train(), strict=False)
    try:
        for only_first in (False, True):
            _compare(net, inputs, only_first=only_first)
    except MixedSamplesError:
        raise
    except Exception as error:  # whatever Opacus meets in a layer that it does not know
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise MixedSamplesError(f"Opacus can't tell samples apart: {reason}") from error
    finally:
        hooks.cleanup()
        for layer in net.modules():
            vars(layer).pop("activations", None)
            vars(layer).pop("max_batch_len", None)
        net.zero_grad(set_to_none=True)
        net.train(was_training)


def _has_own_buffers(layer: nn.Module) -> bool:
    """Whether a layer with weights has buffers too, such as running statistics."""
    return any(True for _ in layer.parameters(recurse=False)) and any(
        True for _ in layer.buffers(recurse=False)
    )


def _compare(net: nn.Module, inputs: Tensor, *, only_first: bool) -> None:
    """Compares the gradients of samples with that of the batch."""
    for parameter in net.parameters():
        parameter.grad = None
        vars(parameter).update(grad_sample=None)
    of_samples = net(inputs).flatten(1).square().sum(1)
    count = len(inputs)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Full backward hook is firing")
        ((of_samples[0] if only_first else of_samples.sum()) / count).backward()
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        found = vars(parameter).get("grad_sample")
        if not isinstance(found, Tensor) or len(found) != count:
            raise MixedSamplesError(f"{name} has no gradient of each sample")
        if parameter.grad is None or not is_mean(found, parameter.grad):
            raise MixedSamplesError(f"the gradients of {name} by samples are not that of the batch")
        if only_first and found[1:].abs().max() > 0:
            raise MixedSamplesError(f"in {name} samples of a batch depend on each other")


def is_mean(of_samples: Tensor, whole: Tensor) -> bool:
    """Whether a gradient is the mean of those of samples, but for rounding."""
    scale = max(float(of_samples.abs().max()), torch.finfo(whole.dtype).tiny)
    return float((of_samples.mean(0) - whole).abs().max()) <= 1e-4 * scale
