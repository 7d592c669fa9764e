"""The network. Leyden adds loss, metrics and optimizer."""

from itertools import pairwise
from math import prod
from typing import ClassVar

from torch import Tensor, nn

from leyden.types import Count, PositiveInt, Probability


class Net(nn.Module):
    """Hidden layers over the flattened input.

    Args:
        input_shape: Shape of one sample; Leyden passes that of the data.
        num_outputs: Classes, or numbers to predict; Leyden passes those of the data.
        width: Units of a hidden layer.
        depth: Number of hidden layers.
        dropout: Probability that a hidden unit is dropped.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"table", "image", "series"})
    """The kinds of data that it reads."""

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: int,
        width: PositiveInt = 64,
        depth: Count = 2,
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        sizes = [prod(input_shape), *[width] * depth]
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], num_outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch."""
        return self.layers(x)
