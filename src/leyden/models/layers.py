"""Activations and normalisations by name."""

from math import gcd
from typing import Literal

from torch import Tensor, nn

ActivationName = Literal[
    "relu", "leaky_relu", "relu_squared", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"
]


class ReLUSquared(nn.Module):
    """max(0, x)^2 (So et al. 2021, "Primer: Searching for Efficient Transformers")."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu().square()


def activation_layer(name: ActivationName) -> nn.Module:
    """A new layer that applies the activation `name`; `gelu_tanh` is GPT-2's approximate GELU."""
    layers: dict[ActivationName, nn.Module] = {
        "relu": nn.ReLU(),
        "leaky_relu": nn.LeakyReLU(),
        "relu_squared": ReLUSquared(),
        "gelu": nn.GELU(),
        "gelu_tanh": nn.GELU(approximate="tanh"),
        "silu": nn.SiLU(),
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
    }
    return layers[name]


ConvNorm = Literal["none", "batch", "group"]


def conv_norm(name: ConvNorm, channels: int, *, num_dims: int = 2) -> nn.Module:
    """A new layer that normalises feature maps.

    Args:
        name: `batch` over the batch (Ioffe and Szegedy 2015); `group` over groups of 16 channels or
            more of one sample (Wu and He 2018, table 3), the same in training and evaluation.
        channels: Number of channels of the maps.
        num_dims: Number of dimensions of a map: 2 of an image, 1 of a series.
    """
    if name == "batch":
        return (nn.BatchNorm1d if num_dims == 1 else nn.BatchNorm2d)(channels)
    if name == "group":
        return nn.GroupNorm(gcd(max(1, channels // 16), channels), channels)
    return nn.Identity()
