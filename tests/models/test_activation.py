from math import erf, exp, pi, sqrt, tanh
from typing import get_args

import pytest
import torch

from leyden.models.layers import ActivationName, activation_layer

X = 1.5
AT_X = {
    "relu": X,
    "leaky_relu": X,
    "relu_squared": X * X,
    "gelu": X * (1 + erf(X / sqrt(2))) / 2,
    "gelu_tanh": X * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 * X**3))) / 2,
    "silu": X / (1 + exp(-X)),
    "tanh": (exp(2 * X) - 1) / (exp(2 * X) + 1),
    "sigmoid": 1 / (1 + exp(-X)),
}


@pytest.mark.parametrize("name", get_args(ActivationName))
def test_every_activation_has_the_value_of_its_formula(name):
    assert activation_layer(name)(torch.tensor(X)).item() == pytest.approx(AT_X[name], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("relu", [0.0, 3.0]), ("relu_squared", [0.0, 9.0]), ("leaky_relu", [-0.02, 3.0])],
)
def test_a_kinked_activation_has_its_kink_at_zero(name, expected):
    activations = activation_layer(name)(torch.tensor([-2.0, 3.0]))
    torch.testing.assert_close(activations, torch.tensor(expected))


def test_each_call_makes_a_new_layer():
    assert activation_layer("relu") is not activation_layer("relu")
