"""Forecasts of any length: a model that sees its own forecasts goes on from them."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


@torch.inference_mode()
def forecast(
    net: nn.Module, past: Float[Tensor, "n lags features"], steps: int
) -> Float[Tensor, "n steps"]:
    """Scaled forecasts of the next steps.

    Args:
        net: Maps the past to the next values of the target, the first feature.
        past: Scaled values; of several features no more steps can be told than the model gives at
            once, as the others are not forecast.
        steps: Number of steps.
    """
    lags, num_features = past.shape[1:]
    parts: list[Tensor] = []
    while sum(part.shape[1] for part in parts) < steps:
        following: Tensor = net(past)
        parts.append(following)
        if num_features == 1:
            past = torch.cat([past, following[..., None]], dim=1)[:, -lags:]
        elif following.shape[1] < steps:
            raise ValueError(f"{num_features - 1} further features are not forecast")
    return torch.cat(parts, dim=1)[:, :steps]
