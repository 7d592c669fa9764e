"""Random changes of training images, a batch at a time, on tensors."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, Num
from torch import Tensor

from leyden.data.batches import BatchIndices, uniform


@dataclass(frozen=True)
class Augmentation:
    """Random changes of each image, anew in each epoch; by default none.

    A pure function of (seed, epoch, image): neither batch nor worker changes it.

    Attributes:
        seed: Seed of the run.
        crop: Least share of the area that a random crop keeps, before it is brought back to the
            image's size; 1 does not crop.
        translate: Shift by up to this many pixels in each direction; what comes in is black. The
            same as padding by so many and cropping to the old size.
        flip: Mirror every second image, left to right.
        cutout: Side of a black square at a random place, in pixels; 0 is none (DeVries and Taylor
            2017, "Improved Regularization of Convolutional Neural Networks with Cutout").
    """

    seed: int = 0
    crop: float = 1.0
    translate: int = 0
    flip: bool = False
    cutout: int = 0

    @property
    def changes(self) -> bool:
        """Whether it does anything."""
        return replace(self, seed=0) != Augmentation()

    def __call__(
        self, pixels: Num[Tensor, "n channels height width"], batch: BatchIndices
    ) -> Num[Tensor, "n channels height width"]:
        height, width = pixels.shape[-2:]
        if self.crop < 1:
            area = self.crop + (1 - self.crop) * self._uniform(batch, 0)
            pixels = crop(pixels, area.sqrt(), self._uniform(batch, 1), self._uniform(batch, 2))
        if self.translate:
            span = 2 * self.translate + 1
            rows = (self._uniform(batch, 3) * span).long() - self.translate
            columns = (self._uniform(batch, 4) * span).long() - self.translate
            pixels = shift(pixels, rows, columns)
        if self.flip:
            mirrored = self._uniform(batch, 5) < 0.5
            pixels = torch.where(mirrored.view(-1, 1, 1, 1), pixels.flip(-1), pixels)
        if self.cutout:
            top = (self._uniform(batch, 6) * height).long() - self.cutout // 2
            left = (self._uniform(batch, 7) * width).long() - self.cutout // 2
            pixels = cut_out(pixels, top, left, self.cutout)
        return pixels

    def _uniform(self, batch: BatchIndices, stream: int) -> Float[Tensor, " n"]:
        return uniform(batch.index, seed=self.seed, epoch=batch.epoch, stream=stream)


def crop(
    pixels: Num[Tensor, "n channels height width"],
    scale: Float[Tensor, " n"],
    down: Float[Tensor, " n"],
    right: Float[Tensor, " n"],
) -> Num[Tensor, "n channels height width"]:
    """Enlarges a window of each image to the image's size, bilinearly.

    Args:
        pixels: The images.
        scale: Sides of the window, as a share of those of the image.
        down: Place of the window, from 0 (top) to 1 (bottom).
        right: Place of the window, from 0 (left) to 1 (right).
    """
    room = 1 - scale  # the window's centre moves by this much to either side, of [-1, 1]
    centre = torch.stack([(2 * right - 1) * room, (2 * down - 1) * room], dim=1)
    affine = torch.cat([scale.view(-1, 1, 1) * torch.eye(2), centre.unsqueeze(2)], dim=2)
    grid = F.affine_grid(affine, list(pixels.shape), align_corners=False)
    window = F.grid_sample(pixels.float(), grid, padding_mode="border", align_corners=False)
    return window if pixels.is_floating_point() else window.round().to(torch.uint8)


def shift(
    pixels: Num[Tensor, "n channels height width"],
    rows: Int[Tensor, " n"],
    columns: Int[Tensor, " n"],
) -> Num[Tensor, "n channels height width"]:
    """Moves each image down by `rows` and right by `columns`; what comes in is black."""
    n, _, height, width = pixels.shape
    y = torch.arange(height).view(1, -1, 1) - rows.view(-1, 1, 1)
    x = torch.arange(width).view(1, 1, -1) - columns.view(-1, 1, 1)
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    sample = torch.arange(n).view(-1, 1, 1)
    moved = pixels[sample, :, y.clamp(0, height - 1), x.clamp(0, width - 1)]  # n height width c
    return moved.permute(0, 3, 1, 2) * inside.unsqueeze(1)


def cut_out(
    pixels: Num[Tensor, "n channels height width"],
    top: Int[Tensor, " n"],
    left: Int[Tensor, " n"],
    side: int,
) -> Num[Tensor, "n channels height width"]:
    """Blackens a square of each image; it may reach over the edge."""
    height, width = pixels.shape[-2:]
    y = torch.arange(height).view(1, -1, 1) - top.view(-1, 1, 1)
    x = torch.arange(width).view(1, 1, -1) - left.view(-1, 1, 1)
    inside = (y >= 0) & (y < side) & (x >= 0) & (x < side)
    return pixels * ~inside.unsqueeze(1)
