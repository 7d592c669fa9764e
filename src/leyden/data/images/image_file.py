"""One image file as pixels: what a viewer shows, for every mode and depth that Pillow reads."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, features

from leyden.data.images.formats import DamagedImage, OutsideRange, open_image

Background = Literal["white", "black"]
Square = NDArray[np.uint8] | NDArray[np.float32]

FIRST_FRAME_ONLY = {"MPO", "PSD"}
"""Formats whose further frames are previews or layers: viewers show the first as the picture."""
ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition for each EXIF orientation (EXIF 2.32, tag 0x0112)."""
BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262
"""Tags of TIFF; with 0 in the latter white is zero (TIFF 6.0, section 8)."""


@dataclass(frozen=True)
class Header:
    """The facts that a file states of its image.

    Attributes:
        format: Pillow's name of it.
        mode: Pillow's name of the kind of pixel.
        is_turned: Whether a viewer turns or mirrors it.
        has_transparency: Whether some pixels may be transparent.
        has_frames: Whether there are more pictures after the first.
        has_profile: Whether its colours are not those of sRGB.
    """

    format: str
    mode: str
    is_turned: bool
    has_transparency: bool
    has_frames: bool
    has_profile: bool

    @property
    def is_deep(self) -> bool:
        """Whether its values have more than 8 bits."""
        return is_deep(self.mode)


@dataclass(frozen=True)
class Decoder:
    """Decodes files to squares of pixels.

    Attributes:
        size: Side of the square, in pixels; the height where `width` is given.
        channels: 3 for colour, 1 for grey.
        background: Colour that is seen through transparent pixels.
        value_range: Values of black and of white in images of more than 8 bits; None: 0 and
            the largest value of 16 bits, or 0 and 1 for floats.
        width: Width of images that are no squares.
    """

    size: int
    channels: Literal[1, 3] = 3
    background: Background = "white"
    value_range: tuple[float, float] | None = None
    width: int | None = None

    def square(self, file: Path) -> Square:
        """The pixels of a file: (size, size, channels) from 0 to 255; floats if it is deep.

        Raises:
            DamagedImage: It is no image, or is cut.
            OutsideRange: Its values are not between black and white.
        """
        with open_image(file) as image:
            return self.square_of(image)

    def square_of(self, image: Image.Image) -> Square:
        """The pixels of an image that is open; see `square`."""
        # Of a JPEG no more is decoded than needed.
        width = self.width or self.size
        image.draft(image.mode, (2 * width, 2 * self.size))
        image.load()
        turn = ORIENTATIONS.get(orientation(image))
        if is_deep(image.mode):
            shown = Image.fromarray(self._scaled(image))
        else:
            shown = composited(image, self.background).convert("L" if self.channels == 1 else "RGB")
        turned = shown if turn is None else shown.transpose(turn)
        square = middle_of(turned, width=width, height=self.size)
        pixels: Square = np.array(square).reshape(self.size, width, -1)
        return pixels.repeat(self.channels // pixels.shape[2], axis=2)

    def _scaled(self, image: Image.Image) -> NDArray[np.float32]:
        """Grey values of more than 8 bits, from 0 to 255."""
        values = np.asarray(image).astype(np.float64)
        if not np.isfinite(values).all():
            raise DamagedImage("some of its values are NaN or infinite")
        low, high = self.value_range or full_range(image)
        if self.value_range is None and (values.min() < low or values.max() > high):
            raise OutsideRange(float(values.min()), float(values.max()))
        shares = ((values - low) / (high - low)).clip(0, 1)
        if is_white_zero(image):
            shares = 1 - shares
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            shares[values == transparent] = float(self.background == "white")
        return (255 * shares).astype(np.float32)


def is_deep(mode: str) -> bool:
    """Whether values of a mode have more than 8 bits."""
    return mode in ("I", "F") or mode.startswith("I;16")


def header_of(image: Image.Image) -> Header:
    """The header of an image that is not decoded yet."""
    has_frames = image.format not in FIRST_FRAME_ONLY and getattr(image, "is_animated", False)
    return Header(
        image.format or "",
        image.mode,
        orientation(image) in ORIENTATIONS,
        image.has_transparency_data,
        has_frames,
        has_foreign_profile(image.info.get("icc_profile")),
    )


def orientation(image: Image.Image) -> int:
    """The orientation in the EXIF data; 1, as it lies, where that can't be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # see `open_image`
        return 1


def has_foreign_profile(profile: Any) -> bool:
    """Whether a colour profile is another one than sRGB, which every viewer takes by default."""
    if not isinstance(profile, bytes) or not profile:
        return False
    return b"sRGB" not in profile and "sRGB".encode("utf-16-be") not in profile


def full_range(image: Image.Image) -> tuple[float, float]:
    """The values of black and white where the user gives none."""
    if image.mode == "F":
        return 0.0, 1.0
    bits = getattr(image, "tag_v2", {}).get(BITS_PER_SAMPLE, (16,))[0]
    return 0.0, float(2 ** min(bits, 16) - 1)  # a TIFF of 12 bits has the mode of 16


def is_white_zero(image: Image.Image) -> bool:
    """Whether a deep TIFF counts from white to black; of 8 bits Pillow inverts it by itself."""
    return bool(getattr(image, "tag_v2", {}).get(PHOTOMETRIC) == 0)


def composited(image: Image.Image, background: Background) -> Image.Image:
    """An image of 8 bits with nothing transparent, in a mode that is grey or RGB."""
    profile = image.info.get("icc_profile")
    image = with_8_bit_transparency(image)
    if image.has_transparency_data:
        whole = {"La": "LA"}.get(image.mode)
        rgba = in_srgb((image.convert(whole) if whole else image).convert("RGBA"), profile)
        canvas = Image.new("RGBA", rgba.size, background)
        return Image.alpha_composite(canvas, rgba).convert("RGB")
    if image.mode in ("1", "L", "CMYK"):
        image = in_srgb(image.convert("L") if image.mode == "1" else image, profile)
        return image.convert("L" if image.mode == "L" else "RGB")
    return in_srgb(image.convert("RGB"), profile)


def in_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """An image with the colours of its profile in sRGB, as a viewer turns them.

    Args:
        image: Image of the mode L, RGB, RGBA or CMYK.
        profile: Colour profile of the file; one that can't be read, or is of another mode, changes
            nothing.
    """
    if not has_foreign_profile(profile) or not features.check("littlecms2"):
        return image
    from PIL import ImageCms  # only where it is needed: it makes a profile

    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        shown = ImageCms.profileToProfile(
            image, own, ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if shown is None else shown


def with_8_bit_transparency(image: Image.Image) -> Image.Image:
    """The transparent colour of a PNG of 16 bits, which Pillow leaves as it is, like its pixels."""
    colour = image.info.get("transparency")
    if image.mode == "RGB" and isinstance(colour, tuple) and max(colour) > 255:
        image.info["transparency"] = tuple(value >> 8 for value in colour)
    return image


def middle_of(image: Image.Image, *, width: int, height: int) -> Image.Image:
    """The middle of an image, scaled so that it just covers so many pixels."""
    scale = max(width / image.width, height / image.height)
    whole_width = max(width, round(image.width * scale))
    whole_height = max(height, round(image.height * scale))
    left, top = (whole_width - width) // 2, (whole_height - height) // 2
    scaled = image.resize((whole_width, whole_height), Image.Resampling.BILINEAR)
    return scaled.crop((left, top, left + width, top + height))
