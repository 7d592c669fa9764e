"""Multilayer perceptron."""

from itertools import pairwise
from math import prod
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from leyden.models.activation import ActivationName, activation_layer
from leyden.ranges import Count, PositiveInt, Probability


class MLP(nn.Module):
    """`depth` hidden layers of `width` units over the flattened input.

    Args:
        input_shape: Shape of one sample; it is flattened.
        num_outputs: Classes, or numbers to predict.
        width: Units of each hidden layer.
        depth: Number of hidden layers; 0 leaves a linear model.
        activation: After each hidden layer.
        dropout: Probability that a hidden unit is dropped, after its activation.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"image"})

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: PositiveInt,
        width: PositiveInt = 128,
        depth: Count = 2,
        activation: ActivationName = "relu",
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        sizes = [prod(input_shape), *[width] * depth]
        self.hidden = nn.Sequential(nn.Flatten())
        for fan_in, fan_out in pairwise(sizes):
            self.hidden.append(nn.Linear(fan_in, fan_out))
            self.hidden.append(activation_layer(activation))
            self.hidden.append(nn.Dropout(dropout))
        self.head = nn.Linear(sizes[-1], num_outputs)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch outputs"]:
        return self.head(self.hidden(x))  # type: ignore[no-any-return]
