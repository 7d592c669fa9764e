"""Convolutional network."""

from math import prod
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leyden.models.layers import ActivationName, ConvNorm, activation_layer, conv_norm
from leyden.types import PositiveInt, Probability


class CNN(nn.Module):
    """Convolutions of 3 that double the channels and halve the map, a hidden layer, a readout.

    Width 32 and depth 2 on 3x32x32 images are the classic conv 3-32-64, each with a max-pool of 2,
    and fully connected 64x8x8-128-classes. On a series the convolutions run along time.

    Args:
        input_shape: (channels, height, width) of an image, or (lags, features) of a series.
        num_outputs: Classes, or numbers to predict.
        width: Channels of the first convolution; the hidden layer has four times as many units.
        depth: Number of convolutions. Once a map can't be halved any more, its size and channels
            stay.
        activation: After each convolution and the hidden layer.
        norm: Normalisation of each convolution, before its activation.
        dropout: Probability that a unit of the hidden layer is dropped.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"image", "series"})

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: PositiveInt,
        width: PositiveInt = 32,
        depth: PositiveInt = 2,
        activation: ActivationName = "relu",
        norm: ConvNorm = "none",
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        self.is_series = len(input_shape) == 2
        channels, *size = reversed(input_shape) if self.is_series else input_shape
        convolution = nn.Conv1d if self.is_series else nn.Conv2d
        pooling = nn.MaxPool1d if self.is_series else nn.MaxPool2d
        self.stem = convolution(channels, width, 3, padding=1)
        self.features = nn.Sequential()
        channels = width
        for layer in range(depth):
            halves = min(size) >= 2
            if layer > 0:
                wider = 2 * channels if halves else channels
                self.features.append(convolution(channels, wider, 3, padding=1))
                channels = wider
            self.features.append(conv_norm(norm, channels, num_dims=len(size)))
            self.features.append(activation_layer(activation))
            if halves:
                self.features.append(pooling(2))
                size = [length // 2 for length in size]
        self.hidden = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * prod(size), 4 * width),
            activation_layer(activation),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(4 * width, num_outputs)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch outputs"]:
        maps = self.stem(torch.movedim(x, -1, 1) if self.is_series else x)
        return self.head(self.hidden(self.features(maps)))  # type: ignore[no-any-return]
