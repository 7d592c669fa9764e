"""How image files and arrays become a model's inputs, for images that come after training."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Num
from torch import Tensor

from leyden.data.images.image_file import Background


@dataclass(frozen=True, kw_only=True)
class ImagePreparation:
    """How images were decoded and scaled.

    Attributes:
        shape: Channels, height and width that a model sees.
        mean: Mean of the training pixels by channel, on the scale 0 to 1.
        std: Their standard deviation.
        background: Colour that is seen through transparent pixels of a file.
        value_range: Values of black and white in files of more than 8 bits, see `Decoder`.
        array_range: Values of black and white in arrays; None: bytes.
        layout: Order of the axes of arrays; None: the one with few entries has the channels.
    """

    shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    background: Background = "white"
    value_range: tuple[float, float] | None = None
    array_range: tuple[float, float] | None = None
    layout: Literal["NHWC", "NCHW"] | None = None

    def inputs(
        self, pixels: Num[Tensor, "n channels height width"]
    ) -> Float[Tensor, "n channels height width"]:
        """Normalised images.

        Args:
            pixels: Values from 0 to 255.
        """
        return normalised(pixels, torch.tensor(self.mean), torch.tensor(self.std))


def normalised(
    pixels: Num[Tensor, "n channels height width"],
    mean: Float[Tensor, " channels"],
    std: Float[Tensor, " channels"],
) -> Float[Tensor, "n channels height width"]:
    """Pixels from 0 to 255 as a model sees them, by mean and deviation on the scale 0 to 1."""
    scaled = pixels.to(torch.float32, copy=True)  # pixels that are kept stay as they are
    return scaled.div_(255).sub_(mean.view(-1, 1, 1)).div_(std.view(-1, 1, 1))
