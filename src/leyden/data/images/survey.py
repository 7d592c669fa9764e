"""A survey of all images of a set before it is used: their kinds, and those that can't be read."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.batches import permutation
from leyden.data.errors import DataError
from leyden.data.images.formats import DamagedImage, OutsideRange, open_image, without_warnings
from leyden.data.images.image_file import Decoder, Header, header_of
from leyden.data.images.pixels import STATISTICS_SAMPLES, least_deviation
from leyden.data.report import DataReport

PIXEL_KINDS = {
    **dict.fromkeys(("1",), "black and white"),
    **dict.fromkeys(("L", "LA", "La"), "grey"),
    **dict.fromkeys(("P", "PA"), "with a palette"),
    **dict.fromkeys(("I",), "grey of 32 bits"),
    **dict.fromkeys(("F",), "grey in floats"),
}
"""Modes in words; those with `I;16` are grey of 16 bits, all others colour."""


@dataclass(frozen=True)
class PixelSummary:
    """Summary of the pixels of one image.

    Attributes:
        mean: Mean of each channel, from 0 to 255.
        mean_square: Mean square of each channel.
        low: Least value.
        high: Largest value.
        digest: Digest of the pixels, which tells images apart.
    """

    mean: NDArray[np.float64]
    mean_square: NDArray[np.float64]
    low: float
    high: float
    digest: bytes


@dataclass(frozen=True)
class ImageInfo:
    """Facts about one file.

    Attributes:
        file: Path of the file.
        header: Header of the file; None: it is no image.
        pixels: Summary of the pixels; None: they were not decoded.
        failure: Reason why it can't be read; None: it can be.
        outside: Least and largest value, where these are not between black and white.
    """

    file: Path
    header: Header | None = None
    pixels: PixelSummary | None = None
    failure: str | None = None
    outside: tuple[float, float] | None = None


@dataclass(frozen=True)
class Survey:
    """Facts about all files of a set.

    Attributes:
        images: Facts about each file.
    """

    images: Sequence[ImageInfo]

    @cached_property
    def readable(self) -> list[ImageInfo]:
        """The files that can be read, as far as is known."""
        return [image for image in self.images if image.failure is None]

    @cached_property
    def damaged(self) -> list[ImageInfo]:
        """The files that can't be."""
        return [image for image in self.images if image.failure is not None]

    @property
    def is_deep(self) -> bool:
        """Whether one of the images has more than 8 bits."""
        return any(image.header is not None and image.header.is_deep for image in self.readable)

    def statistics(
        self, files: Sequence[Path]
    ) -> tuple[Float[Tensor, " channels"], Float[Tensor, " channels"]]:
        """Mean and deviation of the pixels of some files, by channel, on the scale 0 to 1.

        Args:
            files: Files of the training part. Of many some have been decoded.
        """
        chosen = set(files)
        pixels = [image.pixels for image in self.readable if image.pixels and image.file in chosen]
        mean = np.mean([one.mean for one in pixels], axis=0)
        mean_square = np.mean([one.mean_square for one in pixels], axis=0)
        std = np.sqrt(np.maximum(0, mean_square - mean**2))
        least = least_deviation(is_deep=self.is_deep)
        return (
            torch.from_numpy(mean / 255).float(),
            torch.from_numpy(std / 255).float().clamp_min(least),
        )


def survey(files: Sequence[Path], decoder: Decoder, *, decodes_all: bool) -> Survey:
    """Opens every file, and decodes all of them; of many, some, the same in every run.

    Args:
        files: Files of all parts.
        decoder: Decoder that makes pixels of them.
        decodes_all: Whether all are decoded, however many there are.
    """
    some = set(permutation(len(files), seed=0, epoch=0)[:STATISTICS_SAMPLES].tolist())
    wanted = [decodes_all or number in some for number in range(len(files))]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    with (
        without_warnings(),
        ThreadPoolExecutor(min(8, cores)) as pool,
    ):  # Pillow decodes without the GIL
        return Survey(
            list(pool.map(lambda file, all: inspect_file(file, decoder, all), files, wanted))
        )


def inspect_file(file: Path, decoder: Decoder, decodes: bool) -> ImageInfo:
    """One file.

    Args:
        file: Path of the file.
        decoder: Decoder that makes pixels of it.
        decodes: Whether its pixels are decoded; otherwise only its header is read.
    """
    header = None
    try:
        with open_image(file) as image:
            header = header_of(image)
            return ImageInfo(file, header, summarize(decoder.square_of(image)) if decodes else None)
    except DamagedImage as error:
        return ImageInfo(file, header, failure=str(error))
    except OutsideRange as error:
        return ImageInfo(file, header, outside=(error.low, error.high))


def summarize(square: NDArray[np.uint8] | NDArray[np.float32]) -> PixelSummary:
    """What is to be known of an image that was decoded."""
    values = square.astype(np.float64)
    return PixelSummary(
        values.mean(axis=(0, 1)),
        (values**2).mean(axis=(0, 1)),
        float(square.min()),
        float(square.max()),
        blake2b(square.tobytes(), digest_size=16).digest(),
    )


def describe_images(found: Survey, decoder: Decoder, report: DataReport) -> None:
    """Tells a report what the files are, and what was chosen in reading them.

    Raises:
        DataError: Values are outside the range that is taken, or all images are the same.
    """
    images = [image for image in found.readable if image.header]
    headers = [image.header for image in images if image.header]
    report.source["files"] = counts_in_words(Counter(header.format for header in headers))
    report.source["pixels"] = counts_in_words(
        Counter(pixel_kind(header.mode) for header in headers)
    )
    choices = {
        "turned": ("as their EXIF data says", [header.is_turned for header in headers]),
        "with transparency": (
            f"on {decoder.background}",
            [one.has_transparency for one in headers],
        ),
        "of several frames": ("the first is taken", [header.has_frames for header in headers]),
        "of another colour profile than sRGB": (
            "turned into sRGB",
            [header.has_profile for header in headers],
        ),
    }
    for what, (choice, flags) in choices.items():
        if any(flags):
            report.source[what] = f"{sum(flags):,} images, {choice}"
    decoded = sum(image.pixels is not None for image in images)
    if decoded < len(images):
        report.notes.append(f"{decoded:,} of {len(images):,} images were decoded before the start")
    describe_range(found, decoder, report)
    require_varied_pixels(found, report)


def pixel_kind(mode: str) -> str:
    """A mode of Pillow's in words."""
    return "grey of 16 bits" if mode.startswith("I;16") else PIXEL_KINDS.get(mode, "colour")


def counts_in_words(counts: Counter[str]) -> str:
    """`40 PNG, 2 TIFF`."""
    return ", ".join(f"{count:,} {what}" for what, count in counts.most_common())


def describe_range(found: Survey, decoder: Decoder, report: DataReport) -> None:
    """Says which values of deep images are black and white; refuses what is not between them."""
    outside = [image for image in found.readable if image.outside]
    if outside:
        ends = [image.outside for image in outside if image.outside]
        low, high = min(low for low, _ in ends), max(high for _, high in ends)
        raise DataError(
            "value_range",
            f"{outside[0].file} has values from {ends[0][0]:g} to {ends[0][1]:g}; say which are"
            f" black and white: data.value_range=[{min(low, 0.0):g},{high:g}]",
        )
    if found.is_deep:
        deep = {one.header.mode for one in found.readable if one.header and one.header.is_deep}
        chosen = "0 and 1" if deep == {"F"} else "0 and 65,535"
        if decoder.value_range is not None:
            chosen = " and ".join(f"{value:,g}" for value in decoder.value_range)
        elif len(deep) > 1 and "F" in deep:
            chosen += ", 0 and 1 of floats"
        report.source["black and white"] = f"{chosen} (data.value_range)"
    elif decoder.value_range is not None:
        report.warnings.append("data.value_range changes nothing: all images have 8 bits")


def require_varied_pixels(found: Survey, report: DataReport) -> None:
    """A set with the same pixels everywhere was read wrongly, or holds nothing to learn.

    Raises:
        DataError: All images that were decoded are the same.
    """
    pixels = [image.pixels for image in found.readable if image.pixels]
    if len(pixels) > 1 and len({one.digest for one in pixels}) == 1:
        one = pixels[0]
        what = "are the same" if one.high > one.low else f"have the value {one.low:g} of 255 only"
        raise DataError("path", f"all {len(pixels):,} images {what}: there is nothing to learn")
    flat = sum(one.high == one.low for one in pixels)
    if 2 * flat > len(pixels):
        report.warnings.append(
            f"{flat:,} of {len(pixels):,} images are of a single value, as if they were empty"
        )
