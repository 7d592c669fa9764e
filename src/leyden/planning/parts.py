"""Networks whose parameters get their shapes from the first sample, such as `torch.nn.LazyLinear`.

They are given one when they are built: what follows counts parameters, or keeps or loads them.
"""

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from leyden.data import Spec
from leyden.errors import ConfigError, Problem


def blank_sample(spec: Spec) -> torch.Tensor:
    """A batch of one sample, of zeros."""
    dtype = torch.long if spec.kind == "text" else torch.float32
    return torch.zeros(1, *spec.input_shape, dtype=dtype)


def has_lazy_parameters(net: nn.Module) -> bool:
    """Whether a parameter or buffer has no shape yet."""
    return any(map(is_lazy, (*net.parameters(), *net.buffers())))


def materialize(net: nn.Module, spec: Spec) -> None:
    """Gives lazy parameters their shapes, by a sample of zeros; other networks are left alone.

    Raises:
        ConfigError: Some have none after it.
    """
    if not has_lazy_parameters(net):
        return
    was_training = net.training
    with torch.no_grad():
        net.eval()(blank_sample(spec))  # batch norm can't train on one sample
    net.train(was_training)
    if has_lazy_parameters(net):
        message = "has lazy parameters that its forward pass does not use"
        raise ConfigError([Problem("model", message)])
