"""Learning rates that differ by layer or by name, as factors of the optimizer's own."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from leyden.optim.layers import layers_of
from leyden.optim.patterns import matching_parameters


def rate_factors(
    net: nn.Module,
    *,
    layer_decay: float | None = None,
    lr_multipliers: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Factor of the learning rate of each parameter, by name.

    Args:
        net: Network that is trained.
        layer_decay: Factor from a layer to the one before it; the last layer has 1 (Bao et al.
            2021, "BEiT"; Clark et al. 2020, "ELECTRA"). For the layers see `layers_of`.
        lr_multipliers: Factors by pattern, see `optim.patterns`. They multiply with `layer_decay`.
    """
    factors = {name: 1.0 for name, _ in net.named_parameters()}
    if layer_decay is not None:
        for place, layer in enumerate(reversed(layers_of(net))):
            factors |= dict.fromkeys(layer, layer_decay**place)
    for pattern, multiplier in (lr_multipliers or {}).items():
        for name in matching_parameters(net, pattern):
            factors[name] *= multiplier
    return factors


def split_by_rate(optimizer: Optimizer, factors: Mapping[int, float]) -> None:
    """Splits an optimizer's groups so that each parameter has its own factor of the group's rate.

    It has to be done before the first step, and before a schedule reads the rates.

    Args:
        optimizer: Its groups are replaced; their order stays, and of those that come from one group
            the largest rate comes first.
        factors: By the `id` of a parameter; others have 1.
    """
    groups: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        of_factor: dict[float, list[Tensor]] = {}
        for parameter in group["params"]:
            of_factor.setdefault(factors.get(id(parameter), 1.0), []).append(parameter)
        groups += [
            {**group, "params": of_factor[factor], "lr": group["lr"] * factor}
            for factor in sorted(of_factor, reverse=True)
        ]
    optimizer.param_groups[:] = groups
