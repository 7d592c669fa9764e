"""How big a model is: parameters, floating-point operations, and the width for a wanted size.

All on the meta device, where a model of any size costs no memory.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import torch
from omegaconf import DictConfig
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from leyden.config.build import build_net
from leyden.config.problem import ConfigError, Problem
from leyden.data import Spec

Count = TypeVar("Count", int, int | None)

WIDEST = 2**17
FAR = 0.25
"""What a width may miss a wanted size by. Small convolutional networks grow by a seventh from one
width to the next, so that all families can be swept over the same sizes."""


@dataclass(frozen=True)
class ParameterCount:
    """Parameters of a network; those of embeddings are left out of `non_embedding`."""

    total: int
    trainable: int
    non_embedding: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def count_parameters(net: nn.Module) -> ParameterCount:
    """Counts every parameter once, tied ones too."""
    embedding = {
        id(parameter): parameter.numel()
        for module in net.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters()
    }
    total = sum(p.numel() for p in net.parameters())
    trainable = sum(p.numel() for p in net.parameters() if p.requires_grad)
    return ParameterCount(total, trainable, total - sum(embedding.values()))


def meta_net(cfg: DictConfig, spec: Spec) -> nn.Module:
    """The config's network without memory.

    Raises:
        ConfigError: Its constructor refuses the arguments.
    """
    try:
        with torch.device("meta"):
            return build_net(cfg, spec)
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        message = f"can't be built for this data: {reason}"
        raise ConfigError([Problem("model", message)]) from error


def flops_per_sample(net: nn.Module, spec: Spec) -> int | None:
    """Operations of a forward and a backward pass over one sample, counted by torch.

    Args:
        net: On the meta device.
        spec: Of the data.

    Returns:
        None where the network needs values, which the meta device does not have.

    Raises:
        ConfigError: It fails on a sample of the data, or gives too few outputs for it.
    """
    return along_time(lambda part: _counted(net, part), net, spec)


def along_time(
    measure: Callable[[Spec], Count], net: nn.Module, spec: Spec, *, first: int = 2, last: int = 3
) -> Count:
    """What `measure` gives for a spec.

    A recurrent network reads text token by token, and from some token on each costs the same. To go
    through all of them would take seconds, so it is measured on `first` tokens and on `last`.
    """
    context = spec.input_shape[0]
    if spec.kind != "text" or not hasattr(net, "go_on") or context <= last:
        return measure(spec)
    less, more = (measure(replace(spec, input_shape=(length,))) for length in (first, last))
    if less is None or more is None:
        return None
    return less + (context - first) * (more - less) // (last - first)


def _counted(net: nn.Module, spec: Spec) -> int | None:
    try:
        with torch.device("meta"), FlopCounterMode(display=False) as counter:
            outputs = net.eval()(_sample(spec))  # batch norm can't train on one sample
            torch.autograd.backward(outputs.sum())
    except NotImplementedError:
        return None
    except Exception as error:
        if "meta" in str(error):
            return None
        message = f"its forward pass fails on a sample of shape {spec.input_shape}: {error}"
        raise ConfigError([Problem("model", message.partition("\n")[0])]) from error
    given, needed = outputs.shape[-1], spec.num_outputs
    if given < needed or (given > needed and spec.kind != "text"):
        message = f"gives {given} outputs; the data needs {needed}"
        raise ConfigError([Problem("model", message)])
    return int(counter.get_total_flops())


def _sample(spec: Spec) -> torch.Tensor:
    dtype = torch.long if spec.kind == "text" else torch.float32
    return torch.zeros(1, *spec.input_shape, dtype=dtype)


def solve_width(cfg: DictConfig, spec: Spec) -> int:
    """The width whose parameter count is nearest to `cfg.params`.

    Raises:
        ConfigError: No width comes near it.
    """
    wanted, sized = cfg.params, cfg.copy()
    counts: dict[int, int | None] = {}

    def count(width: int) -> int | None:
        if width not in counts:
            sized.model.width = width
            counts[width] = _count(sized, spec)
        return counts[width]

    low, high = 1, WIDEST
    while low < high:  # the least width, of those that the model can have, that is big enough
        middle = (low + high) // 2
        probe = next((w for w in range(middle, high + 1) if count(w) is not None), high)
        if (count(probe) or wanted) >= wanted:
            high = middle
        else:
            low = probe + 1
    above = next((w for w in range(low, WIDEST) if count(w) is not None), None)
    below = next((w for w in range(low - 1, 0, -1) if count(w) is not None), None)
    near = [width for width in (below, above) if width is not None]
    if not near:
        _ = meta_net(cfg, spec)  # says what is wrong with the model
    best = min(near, key=lambda width: abs((counts[width] or 0) - wanted))
    reached = counts[best]
    assert reached is not None
    if abs(reached - wanted) > FAR * wanted:
        message = f"no width comes near; the nearest is `params={reached}`, width {best}"
        raise ConfigError([Problem("params", message, f"{wanted:g}")])
    return best


def _count(cfg: DictConfig, spec: Spec) -> int | None:
    try:
        return count_parameters(meta_net(cfg, spec)).total
    except ConfigError:
        return None
