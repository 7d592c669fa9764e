from math import erf, exp, pi, sqrt, tanh
from typing import get_args

import pytest
import torch

from leyden.models.activation import ActivationName, activation_layer

X = 1.5
AT_X = {
    "relu": X,
    "gelu": X * (1 + erf(X / sqrt(2))) / 2,
    "gelu_tanh": X * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 * X**3))) / 2,
    "tanh": (exp(2 * X) - 1) / (exp(2 * X) + 1),
    "sigmoid": 1 / (1 + exp(-X)),
}


@pytest.mark.parametrize("name", get_args(ActivationName))
def test_every_activation_has_the_value_of_its_formula(name):
    assert activation_layer(name)(torch.tensor(X)).item() == pytest.approx(AT_X[name], rel=1e-6)


def test_relu_cuts_off_negative_numbers():
    torch.testing.assert_close(
        activation_layer("relu")(torch.tensor([-2.0, 3.0])), torch.tensor([0.0, 3.0])
    )


def test_each_call_makes_a_new_layer():
    assert activation_layer("relu") is not activation_layer("relu")
