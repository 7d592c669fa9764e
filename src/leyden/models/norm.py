"""Normalisation of feature maps by name."""

from math import gcd
from typing import Literal

from torch import nn

ConvNorm = Literal["none", "batch", "group"]


def conv_norm(name: ConvNorm, channels: int, *, num_dims: int = 2) -> nn.Module:
    """A new layer that normalises feature maps.

    Args:
        name: `batch` over the batch (Ioffe and Szegedy 2015); `group` over groups of 16 channels or
            more of one sample (Wu and He 2018, table 3), the same in training and evaluation.
        channels: Of the maps.
        num_dims: Of a map: 2 of an image, 1 of a series.
    """
    if name == "batch":
        return (nn.BatchNorm1d if num_dims == 1 else nn.BatchNorm2d)(channels)
    if name == "group":
        return nn.GroupNorm(gcd(max(1, channels // 16), channels), channels)
    return nn.Identity()
