"""VGG (Simonyan and Zisserman 2014, "Very Deep Convolutional Networks")."""

from typing import ClassVar, Literal

from jaxtyping import Float
from torch import Tensor, nn

from leyden.models.layers import ActivationName, ConvNorm, activation_layer, conv_norm
from leyden.types import PositiveInt, Probability

STAGES = {11: (1, 1, 2, 2, 2), 16: (2, 2, 3, 3, 3)}
"""Convolutions of each of the five stages, by depth (configurations A and D of the paper)."""

SMALL = 64
"""Images of at most so many pixels a side go from the convolutions straight to the readout."""


class VGG(nn.Module):
    """VGG 11 or 16: stages of 3x3 convolutions, each followed by a max-pool of 2.

    At width 64 and 224x224 pixels it is the paper's, with its two hidden layers of 4,096 units.
    Small images have, as is usual for CIFAR, the readout alone after the convolutions, and are
    pooled only as long as there is something to pool.

    Args:
        input_shape: (channels, height, width).
        num_outputs: Classes.
        width: Channels of the first stage; 64 in the paper. They double up to eight times that.
        depth: Layers with weights, in the paper's count for large images.
        activation: After each convolution and hidden layer.
        norm: Normalisation of each convolution; the paper has none, which trains slowly.
        dropout: Dropout rate of the hidden layers (0.5 in the paper), or before the readout.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"image"})

    def __init__(
        self,
        *,
        input_shape: tuple[int, ...],
        num_outputs: PositiveInt,
        width: PositiveInt = 64,
        depth: Literal[11, 16] = 11,
        activation: ActivationName = "relu",
        norm: ConvNorm = "batch",
        dropout: Probability = 0.0,
    ) -> None:
        super().__init__()
        channels, size = width, min(input_shape[1:])
        self.stem = nn.Conv2d(input_shape[0], width, 3, padding=1)
        self.features = nn.Sequential()
        for stage, num_convolutions in enumerate(STAGES[depth]):
            for number in range(num_convolutions):
                if (stage, number) != (0, 0):  # that one is the stem
                    wider = width * min(2**stage, 8)
                    self.features.append(nn.Conv2d(channels, wider, 3, padding=1))
                    channels = wider
                self.features.append(conv_norm(norm, channels))
                self.features.append(activation_layer(activation))
            if size >= 2:
                self.features.append(nn.MaxPool2d(2))
                size //= 2
        if max(input_shape[1:]) <= SMALL:
            self.hidden = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout))
            num_features = channels
        else:
            num_features = 64 * width  # the paper's 4,096
            self.hidden = nn.Sequential(nn.AdaptiveAvgPool2d(7), nn.Flatten())
            for fan_in in (49 * channels, num_features):
                self.hidden.append(nn.Linear(fan_in, num_features))
                self.hidden.append(activation_layer(activation))
                self.hidden.append(nn.Dropout(dropout))
        self.head = nn.Linear(num_features, num_outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # He et al. 2015, "Delving Deep into Rectifiers"
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "batch c h w"]) -> Float[Tensor, "batch classes"]:
        return self.head(self.hidden(self.features(self.stem(x))))  # type: ignore[no-any-return]
