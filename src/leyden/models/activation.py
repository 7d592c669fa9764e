"""Activations by name."""

from typing import Literal

from torch import nn

ActivationName = Literal["relu", "gelu", "gelu_tanh", "tanh", "sigmoid"]


def activation_layer(name: ActivationName) -> nn.Module:
    """A new layer that applies the activation `name`; `gelu_tanh` is GPT-2's approximate GELU."""
    layers: dict[ActivationName, nn.Module] = {
        "relu": nn.ReLU(),
        "gelu": nn.GELU(),
        "gelu_tanh": nn.GELU(approximate="tanh"),
        "tanh": nn.Tanh(),
        "sigmoid": nn.Sigmoid(),
    }
    return layers[name]
