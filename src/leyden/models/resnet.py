"""ResNet (He et al. 2015, "Deep Residual Learning for Image Recognition").

At width 64 the layers, and so the weights, are those of torchvision's, whose basic blocks have a
fixed width; here it is free, so that any size can be had.
"""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leyden.models.layers import ActivationName, ConvNorm, activation_layer, conv_norm
from leyden.types import PositiveInt, Probability

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
"""Blocks of each of the four stages, by depth (table 1 of the paper)."""

SMALL = 64
"""Images of at most so many pixels a side, and series so long, keep their size in the stem."""

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d}


class Block(nn.Module):
    """A residual block.

    Args:
        channels_in: Number of channels of what comes in.
        channels: Number of channels of the block's 3x3 convolutions.
        stride: Stride of the first 3x3 convolution.
        bottleneck: 1x1, 3x3, 1x1 with four times the channels at its end, instead of two 3x3.
        activation: After each convolution; the last one after the sum.
        norm: Normalisation of each convolution.
        num_dims: 2 for images, 1 for series.
    """

    def __init__(
        self,
        channels_in: int,
        channels: int,
        *,
        stride: int,
        bottleneck: bool,
        activation: ActivationName,
        norm: ConvNorm,
        num_dims: int = 2,
    ) -> None:
        super().__init__()
        channels_out = 4 * channels if bottleneck else channels
        layers = [(channels, 3, stride), (channels, 3, 1)]  # channels, size, stride
        if bottleneck:
            layers = [(channels, 1, 1), (channels, 3, stride), (channels_out, 1, 1)]
        self.residual = nn.Sequential()
        fan_in = channels_in
        for fan_out, size, step in layers:
            if len(self.residual):
                self.residual.append(activation_layer(activation))
            self.residual.extend(convolution(fan_in, fan_out, size, step, norm, num_dims))
            fan_in = fan_out
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels_out:
            self.shortcut.extend(convolution(channels_in, channels_out, 1, stride, norm, num_dims))
        self.activation = activation_layer(activation)

    def forward(self, x: Float[Tensor, "batch c *size"]) -> Float[Tensor, "batch c2 *size2"]:
        return self.activation(self.residual(x) + self.shortcut(x))  # type: ignore[no-any-return]


def convolution(
    channels_in: int, channels_out: int, size: int, stride: int, norm: ConvNorm, num_dims: int
) -> list[nn.Module]:
    """A convolution that pads by half its size, and its norm, which makes a bias idle."""
    bias, layer = norm == "none", CONVOLUTIONS[num_dims]
    conv = layer(channels_in, channels_out, size, stride, padding=size // 2, bias=bias)
    return [conv, conv_norm(norm, channels_out, num_dims=num_dims)]


class ResNet(nn.Module):
    """ResNet 18, 34 or 50. On a series the convolutions run along time.

    Args:
        input_shape: (channels, height, width) of an image, or (lags, features) of a series.
        num_outputs: Classes, or numbers to predict.
        width: Channels of the first stage; 64 in the paper. Each later stage doubles them.
        depth: 18 and 34 have two 3x3 convolutions a block, 50 has bottlenecks.
        activation: After each convolution.
        norm: Normalisation of each convolution.
        dropout: Before the readout.
        stem: `large` is the paper's 7x7 convolution of stride 2 and a max-pool, for ImageNet's
            224x224; `small` a 3x3 convolution that keeps the size, as the paper has for CIFAR. By
            default `small` up to 64 pixels a side.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"image", "series"})

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: PositiveInt,
        width: PositiveInt = 64,
        depth: Literal[18, 34, 50] = 18,
        activation: ActivationName = "relu",
        norm: ConvNorm = "batch",
        dropout: Probability = 0.0,
        stem: Literal["small", "large"] | None = None,
    ) -> None:
        super().__init__()
        self.is_series = len(input_shape) == 2
        channels_in, *size = reversed(input_shape) if self.is_series else input_shape
        num_dims = len(size)
        small = stem == "small" if stem else max(size) <= SMALL
        kernel, stride = (3, 1) if small else (7, 2)
        pooling = nn.MaxPool1d if self.is_series else nn.MaxPool2d
        self.stem = CONVOLUTIONS[num_dims](
            channels_in, width, kernel, stride, padding=kernel // 2, bias=norm == "none"
        )
        self.start = nn.Sequential(
            conv_norm(norm, width, num_dims=num_dims),
            activation_layer(activation),
            nn.Identity() if small else pooling(3, 2, padding=1),
        )
        self.blocks = nn.Sequential()
        channels_in, bottleneck = width, depth == 50
        for stage, num_blocks in enumerate(BLOCKS[depth]):
            channels = width * 2**stage
            for number in range(num_blocks):
                self.blocks.append(
                    Block(
                        channels_in,
                        channels,
                        stride=2 if stage > 0 and number == 0 else 1,
                        bottleneck=bottleneck,
                        activation=activation,
                        norm=norm,
                        num_dims=num_dims,
                    )
                )
                channels_in = 4 * channels if bottleneck else channels
        average = nn.AdaptiveAvgPool1d(1) if self.is_series else nn.AdaptiveAvgPool2d(1)
        self.end = nn.Sequential(average, nn.Flatten(), nn.Dropout(dropout))
        self.head = nn.Linear(channels_in, num_outputs)
        for module in self.modules():  # He et al. 2015, "Delving Deep into Rectifiers"
            if isinstance(module, nn.Conv1d | nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Float[Tensor, "batch *shape"]) -> Float[Tensor, "batch outputs"]:
        maps = self.start(self.stem(torch.movedim(x, -1, 1) if self.is_series else x))
        return self.head(self.end(self.blocks(maps)))  # type: ignore[no-any-return]
