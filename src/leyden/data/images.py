"""Images in memory, normalised and augmented a batch at a time."""

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from leyden.data.loader import Batch, Draw
from leyden.data.randomness import uniform


class Images:
    """A part of an image set.

    Args:
        pixels: 0 to 255.
        labels: Class of each image.
        mean: Of the training part's pixels by channel, on the scale 0 to 1.
        std: Likewise.
        translate: Shift each image by up to this many pixels in each direction; 0 is none.
        seed: Of the shifts.
    """

    def __init__(
        self,
        pixels: UInt8[Tensor, "n channels height width"],
        labels: Int[Tensor, " n"],
        *,
        mean: Float[Tensor, " channels"],
        std: Float[Tensor, " channels"],
        translate: int = 0,
        seed: int = 0,
    ) -> None:
        self.pixels = pixels
        self.labels = labels
        self.mean = mean.view(-1, 1, 1)
        self.std = std.view(-1, 1, 1)
        self.translate = translate
        self.seed = seed

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, draw: Draw) -> Batch:
        pixels = self.pixels[draw.index]
        if self.translate:
            span = 2 * self.translate + 1
            rows, columns = (
                (uniform(draw.index, seed=self.seed, epoch=draw.epoch, stream=stream) * span).long()
                - self.translate
                for stream in (0, 1)
            )
            pixels = shift(pixels, rows, columns)
        return (pixels / 255 - self.mean) / self.std, self.labels[draw.index]


def channel_statistics(
    pixels: UInt8[Tensor, "n channels height width"],
) -> tuple[Float[Tensor, " channels"], Float[Tensor, " channels"]]:
    """Mean and standard deviation of each channel, on the scale 0 to 1."""
    scaled = pixels.float() / 255
    return scaled.mean(dim=(0, 2, 3)), scaled.std(dim=(0, 2, 3))


def shift(
    pixels: UInt8[Tensor, "n channels height width"],
    rows: Int[Tensor, " n"],
    columns: Int[Tensor, " n"],
) -> UInt8[Tensor, "n channels height width"]:
    """Moves each image down by `rows` and right by `columns`; what comes in is black."""
    n, _, height, width = pixels.shape
    y = torch.arange(height).view(1, -1, 1) - rows.view(-1, 1, 1)
    x = torch.arange(width).view(1, 1, -1) - columns.view(-1, 1, 1)
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    sample = torch.arange(n).view(-1, 1, 1)
    moved = pixels[sample, :, y.clamp(0, height - 1), x.clamp(0, width - 1)]  # n height width c
    return moved.permute(0, 3, 1, 2) * inside.unsqueeze(1)
