"""How big a model is: parameters, floating-point operations, and the width for a wanted size.

All on the meta device, where a model of any size costs no memory.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from leyden.config.build import build_net
from leyden.config.problem import ConfigError, Problem
from leyden.data import Spec

WIDEST = 2**17
TOLERANCE = 0.05


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
    except ValueError as error:
        raise ConfigError([Problem("model", str(error))]) from error


def flops_per_sample(net: nn.Module, spec: Spec) -> int:
    """Operations of a forward and a backward pass over one sample, counted by torch.

    Args:
        net: On the meta device.
        spec: Of the data.
    """
    with torch.device("meta"):
        if spec.kind == "text":
            inputs = torch.zeros(1, *spec.input_shape, dtype=torch.long)
            targets = torch.zeros(spec.input_shape[0], dtype=torch.long)
        else:
            inputs = torch.zeros(1, *spec.input_shape)
            targets = torch.zeros(1, dtype=torch.long)
        with FlopCounterMode(display=False) as counter:
            torch.autograd.backward(F.cross_entropy(net(inputs).flatten(0, -2), targets))
    return int(counter.get_total_flops())


def solve_width(cfg: DictConfig, spec: Spec) -> int:
    """The width whose parameter count is nearest to `cfg.params`.

    Raises:
        ConfigError: No width comes within 5 % of it.
    """
    wanted = cfg.params
    counts: dict[int, int | None] = {}

    def count(width: int) -> int | None:
        if width not in counts:
            counts[width] = _count_at(cfg, spec, width)
        return counts[width]

    low, high = 1, WIDEST
    while low < high:  # the least width, of those that the model can have, that is big enough
        middle = (low + high) // 2
        probe = next((w for w in range(middle, high + 1) if count(w) is not None), high)
        if (count(probe) or wanted) >= wanted:
            high = middle
        else:
            low = probe + 1
    near = [w for w in range(max(1, low - 64), low + 65) if count(w) is not None]
    best = min(near, key=lambda width: abs((counts[width] or 0) - wanted))
    reached = counts[best]
    assert reached is not None
    if abs(reached - wanted) > TOLERANCE * wanted:
        message = f"no width comes near; the nearest is {reached:,} parameters at width {best}"
        raise ConfigError([Problem("params", message, f"{wanted:g}")])
    return best


def _count_at(cfg: DictConfig, spec: Spec, width: int) -> int | None:
    sized = cfg.copy()
    sized.model.width = width
    try:
        return count_parameters(meta_net(sized, spec)).total
    except ConfigError:
        return None
