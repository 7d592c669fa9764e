"""Images, normalised and augmented a batch at a time."""

from copy import copy
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float, Int, Num
from torch import Tensor

from leyden.data.batches import Batch, BatchIndices, permutation
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.preparation import ImagePreparation, normalised

STATISTICS_SAMPLES = 10_000
"""Images that are enough for a mean and a deviation to three digits."""


MOST_NORMALISED = 50_000_000
"""Pixels that are kept normalised, in 4 bytes each, instead of being so anew in each epoch."""


Statistics = tuple[Float[Tensor, " channels"], Float[Tensor, " channels"]]
"""Mean and deviation of pixels by channel, on the scale 0 to 1."""


@runtime_checkable
class Pixels(Protocol):
    """A store of images, 0 to 255, of one shape: a tensor, or files that are read when asked for.

    They are bytes, or floats where the images have more than 8 bits.

    It is asked for a whole batch at a time: `pixels[index]` is (n, channels, height, width).
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: Tensor) -> Tensor: ...


class Images:
    """A split of an image set.

    Args:
        pixels: Store of the images.
        labels: Class of each image.
        mean: Mean of the training pixels by channel, on the scale 0 to 1.
        std: Standard deviation of the training pixels by channel, on the same scale.
        augmentation: Augmentation of the training part.
        is_read_often: Whether it pays to keep the images normalised.
    """

    def __init__(
        self,
        pixels: Pixels,
        labels: Int[Tensor, " n"],
        *,
        mean: Float[Tensor, " channels"],
        std: Float[Tensor, " channels"],
        augmentation: Augmentation | None = None,
        is_read_often: bool = True,
    ) -> None:
        self.pixels = pixels
        self.labels = labels
        self.mean = mean
        self.std = std
        self.augmentation = augmentation if augmentation and augmentation.changes else None
        self.is_read_often = is_read_often

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        labels = self.labels.index_select(0, batch.index)  # faster than labels[index]
        if self.normalised is not None:
            return self.normalised.index_select(0, batch.index), labels
        pixels = self.pixels[batch.index]
        if self.augmentation is not None:
            pixels = self.augmentation(pixels, batch)
        return self._normalise(pixels), labels

    @property
    def without_augmentation(self) -> "Images":
        """The images as they are."""
        found = copy(self)
        found.augmentation = None
        return found

    @cached_property
    def normalised(self) -> Tensor | None:
        """All images, if they are always the same and don't take much memory."""
        is_same = self.is_read_often and self.augmentation is None
        if not is_same or not isinstance(self.pixels, Tensor):
            return None
        return self._normalise(self.pixels) if self.pixels.numel() <= MOST_NORMALISED else None

    def _normalise(self, pixels: Tensor) -> Float[Tensor, "n channels height width"]:
        return normalised(pixels, self.mean, self.std)


def image_splits(
    pixels: tuple[Pixels, Pixels, Pixels],
    labels: tuple[Int[Tensor, " n"], Int[Tensor, " v"], Int[Tensor, " t"]],
    augmentation: Augmentation,
    *,
    statistics: Statistics | None = None,
) -> tuple[Images, Images, Images]:
    """Training, validation and test images, all normalised alike; the first are augmented.

    Args:
        pixels: Images of the three parts.
        labels: Classes of the images of the three parts.
        augmentation: Augmentation of the training part.
        statistics: Statistics of the training pixels; None: they are computed from some of them.
    """
    mean, std = statistics_of(pixels[0]) if statistics is None else statistics
    train, val, test = zip(pixels, labels, strict=True)
    return (
        Images(*train, mean=mean, std=std, augmentation=augmentation),
        Images(*val, mean=mean, std=std),
        Images(*test, mean=mean, std=std, is_read_often=False),
    )


def preparation_of(images: Images, shape: tuple[int, ...], **how: Any) -> ImagePreparation:
    """How new images are read for a model of these.

    Args:
        images: A split, with the statistics of the training pixels.
        shape: Channels, height and width.
        how: Further attributes of `ImagePreparation`.
    """
    channels, height, width = shape
    mean, std = (tuple(part.tolist()) for part in (images.mean, images.std))
    return ImagePreparation(shape=(channels, height, width), mean=mean, std=std, **how)


def statistics_of(pixels: Pixels) -> Statistics:
    """Statistics of some of the images, the same in every run."""
    some = permutation(len(pixels), seed=0, epoch=0)[:STATISTICS_SAMPLES]
    return channel_statistics(pixels[some])


def channel_statistics(
    pixels: Num[Tensor, "n channels height width"],
) -> Statistics:
    """Mean and standard deviation of each channel, on the scale 0 to 1; the latter is never 0."""
    scaled = pixels.float() / 255
    least = least_deviation(is_deep=pixels.is_floating_point())
    return scaled.mean(dim=(0, 2, 3)), scaled.std(dim=(0, 2, 3)).clamp_min(least)


def least_deviation(*, is_deep: bool) -> float:
    """A step of the scale 0 to 1: what images of one colour are divided by."""
    return 1 / 65535 if is_deep else 1 / 255
