"""Activations by name."""

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
