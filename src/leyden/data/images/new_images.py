"""Images that come after training, from files and arrays, read as the training images were."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Num
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.errors import DataError
from leyden.data.images.formats import DamagedImage, OutsideRange, without_warnings
from leyden.data.images.image_arrays import channels_first, full_range, scaled
from leyden.data.images.image_file import Decoder
from leyden.data.images.preparation import ImagePreparation
from leyden.data.parsing.numpy_file import load_arrays

Array = NDArray[Any]


def read_image(file: Path, preparation: ImagePreparation) -> Num[Tensor, "channels height width"]:
    """The pixels of a file, from 0 to 255.

    Raises:
        DataError: It is damaged, its values are not between black and white, or the model sees
            images that no file has.
    """
    decoder = decoder_of(preparation)
    try:
        with without_warnings():
            pixels = decoder.square(file)
    except DamagedImage as error:
        raise DataError(None, f"can't be read as an image ({error})") from error
    except OutsideRange as error:
        message = f"has values from {error.low:g} to {error.high:g}, outside of black and white"
        raise DataError(None, message) from error
    return torch.from_numpy(pixels).permute(2, 0, 1)


def decoder_of(preparation: ImagePreparation) -> Decoder:
    """What makes pixels of a file.

    Raises:
        DataError: The model sees images that no file has.
    """
    channels, height, width = preparation.shape
    if channels not in (1, 3):
        message = f"the model sees images of {channels} channels, which no file has; give arrays"
        raise DataError(None, message)
    return Decoder(
        height,
        1 if channels == 1 else 3,
        preparation.background,
        preparation.value_range,
        width=width,
    )


def read_arrays(
    file: Path, preparation: ImagePreparation, *, size: int
) -> Iterator[Num[Tensor, "n channels height width"]]:
    """The pixels of the arrays of a NumPy file, from 0 to 255, some at a time.

    Raises:
        DataError: They are no images of the shape that the model sees, or it is not clear which of
            several arrays has them.
    """
    arrays = load_arrays(file)
    names = list(arrays)
    if len(names) > 1:
        chosen = [name for name in names if name.lower() in ("images", "x", "image", "pixels")]
        if len(chosen) != 1:
            listed = ", ".join(names)
            raise DataError(None, f"has several arrays ({listed}); keep the one of the images")
        names = chosen
    yield from pixel_batches(arrays[names[0]], preparation, size=size)


def pixel_batches(
    whole: Array, preparation: ImagePreparation, *, size: int
) -> Iterator[Num[Tensor, "n channels height width"]]:
    """The pixels of an array of images, or of one; see `read_arrays`."""
    several = _as_several(whole, preparation)
    for first in range(0, len(several), size):
        yield pixels_of(several[first : first + size], preparation)


def _as_several(array: Array, preparation: ImagePreparation) -> Array:
    """An array of several images, also where one has no axis for it."""
    channels, height, width = preparation.shape
    one = {(height, width), (channels, height, width), (height, width, channels)}
    return array[None] if array.shape in one else array


def pixels_of(
    array: Array, preparation: ImagePreparation
) -> Num[Tensor, "n channels height width"]:
    """Images of an array as pixels from 0 to 255; see `read_arrays`."""
    shape = preparation.shape
    several = _as_several(array, preparation)
    if several.ndim == 4 and several.shape[1:] == shape:
        first = several
    elif several.ndim == 4 and several.shape[3] == shape[0]:
        first = np.moveaxis(several, 3, 1)
    else:
        first = channels_first(several, preparation.layout)
    if first.shape[1:] != shape:
        given, wanted = (" x ".join(map(str, one)) for one in (first.shape[1:], shape))
        raise DataError(None, f"has images of {given} (channels, height, width), not {wanted}")
    ends = preparation.array_range
    if ends is None:
        ends = full_range([first])
    elif first.size and (float(first.min()) < ends[0] or float(first.max()) > ends[1]):
        low, high = float(first.min()), float(first.max())
        message = f"has values from {low:g} to {high:g}; those of training were {ends[0]:g} to"
        raise DataError(None, f"{message} {ends[1]:g}")
    return scaled(first, ends)
