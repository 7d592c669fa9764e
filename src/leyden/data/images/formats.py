"""Which files are images, and how they are opened with Pillow."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

EXCLUDED_FORMATS = {
    *("BUFR", "GRIB", "HDF5", "MPEG", "WMF"),  # Pillow tells what they are, and can't decode them
    *("EPS", "FPX", "IPTC", "MCIDAS", "MIC"),  # documents, containers, programs to run
    *("IMT", "SPIDER", "XVTHUMB"),  # told by neither ending nor signature
}
"""Formats of Pillow's that are not tried."""
RAW_ENDINGS = {
    *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".nrw", ".orf", ".pef", ".raf", ".rw2", ".srw")
}
"""Endings of raw files of cameras: in some of them Pillow would read the thumbnail."""
UNSUPPORTED_ENDINGS = {
    *RAW_ENDINGS,
    ".heic",
    ".heif",
    ".svg",
    ".jxl",
    ".eps",
    ".pdf",
    ".exr",
    ".dcm",
}
"""Endings of pictures that are not read."""


class DamagedImage(Exception):
    """A file is no image, or can't be decoded to its end."""


class OutsideRange(Exception):
    """Values are not between black and white.

    Attributes:
        low: The least value of the image.
        high: The largest.
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high)
        self.low = low
        self.high = high


@contextmanager
def open_image(file: Path) -> Iterator[Image.Image]:
    """A file as an image, of which the header was read.

    Raises:
        DamagedImage: It is none; also for whatever Pillow raises while it is used.
    """
    try:
        # Only the format of its ending is taken without a signature: else anything is a TGA.
        own = Image.registered_extensions().get(file.suffix.lower(), "")
        formats = [*signed_formats(), *([own] if own in unsigned_formats() else [])]
        # Not by its name: Pillow 13 then maps uncompressed TIFFs into memory, and takes height
        # for width where they are turned (`ImageFile.load`, `use_mmap`).
        with file.open("rb") as stream, Image.open(stream, formats=formats) as image:
            yield image
    except (DamagedImage, OutsideRange, MemoryError):
        raise
    except UnidentifiedImageError as error:
        reason = "it is empty" if file.stat().st_size == 0 else "it is none that Pillow reads"
        raise DamagedImage(reason) from error
    except Exception as error:  # Pillow raises of every kind where a file is damaged
        raise DamagedImage(" ".join(str(error).split()) or type(error).__name__) from error


@contextmanager
def without_warnings() -> Iterator[None]:
    """Ignores warnings of Pillow; the report tells the user what matters of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def readable_formats() -> tuple[str, ...]:
    """Pillow's formats that are images."""
    Image.init()
    return tuple(name for name in Image.ID if name not in EXCLUDED_FORMATS)


@cache
def signed_formats() -> tuple[str, ...]:
    """Formats that are known by their first bytes."""
    return tuple(name for name in readable_formats() if Image.OPEN[name][1] is not None)


@cache
def unsigned_formats() -> tuple[str, ...]:
    """Formats that are known by the ending of a file alone."""
    return tuple(name for name in readable_formats() if Image.OPEN[name][1] is None)


@cache
def image_endings() -> frozenset[str]:
    """Endings of images, in lower case."""
    known = Image.registered_extensions()  # this one initialises Pillow
    return frozenset(ending for ending, name in known.items() if name in readable_formats())


def is_image(file: Path) -> bool:
    """Whether a file is an image by its ending, or else by what is in it."""
    ending = file.suffix.lower()
    if ending in image_endings():
        return True
    if ending in UNSUPPORTED_ENDINGS:
        return False
    try:
        with without_warnings(), Image.open(file, formats=signed_formats()):
            return True
    except Exception:  # see `open_image`
        return False
