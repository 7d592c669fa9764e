"""A folder of the user's images, one folder a class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Int, UInt8
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from leyden.data.augmentation import Augmentation
from leyden.data.datamodule import DataModule
from leyden.data.files import visible_files
from leyden.data.images import image_parts
from leyden.data.parts import Parts
from leyden.data.spec import Kind, Spec
from leyden.data.splitting import drawn
from leyden.data.unreadable import Unreadable
from leyden.ranges import Count, PositiveInt, Share

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
PARTS = ("train", "val", "test")


class ImageFolder(DataModule):
    """Images in `path/CLASS/...`: 80 % train, 10 % validate, 10 % test, drawn once for all runs.

    Folders `path/train/CLASS`, `path/val/CLASS` and `path/test/CLASS` are taken as they are; where
    one of the latter two is missing, a tenth of the training images takes its place.

    Args:
        path: The folder.
        size: Side of the square that a model sees, in pixels: an image is scaled until its shorter
            side is so long, and its middle is cut out.
        channels: 3 for colour, 1 for grey.
        crop: See `Augmentation`, as for the next three.
        translate: In pixels.
        flip: Left to right.
        cutout: In pixels.
        shared: Those of `DataModule`. Images are decoded when they are asked for, so `num_workers`
            helps.
    """

    kind: ClassVar[Kind] = "image"

    def __init__(
        self,
        *,
        path: str,
        size: PositiveInt = 64,
        channels: Literal[1, 3] = 3,
        crop: Share = 1.0,
        translate: Count = 0,
        flip: bool = False,
        cutout: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path).expanduser()
        self.size = size
        self.channels = channels
        self.augmentation = Augmentation(self.seed, crop, translate, flip, cutout)

    def source_files(self) -> Sequence[Path]:
        return images_in(self.path)

    def load(self) -> Parts:
        if not self.path.is_dir():
            raise Unreadable("path", "is not a folder")
        root = self.path / "train" if (self.path / "train").is_dir() else self.path
        names = sorted(folder.name for folder in root.iterdir() if is_class_folder(folder))
        if len(names) < 2:
            message = f"{root} has {len(names)} folders with images; one folder a class is needed"
            raise Unreadable("path", message)
        parts = self._split(images_below(root, names), names)
        pixels = tuple(ImageFiles(files, self.size, self.channels) for files, _ in parts)
        labels = tuple(classes for _, classes in parts)
        shape = (self.channels, self.size, self.size)
        spec = Spec("image", shape, len(names), class_names=tuple(names))
        train, val, test = image_parts(
            (pixels[0], pixels[1], pixels[2]), (labels[0], labels[1], labels[2]), self.augmentation
        )
        return Parts(spec, train, val, test)

    def _split(self, found: "Labelled", names: list[str]) -> "list[Labelled]":
        """The three parts: the user's own where there are folders of these names."""
        own = {
            part: images_below(self.path / part, names)
            for part in PARTS[1:]
            if (self.path / "train").is_dir() and (self.path / part).is_dir()
        }
        files, classes = found
        if len(files) < 10:
            raise Unreadable("path", f"{len(files)} images are too few; at least 10")
        tenth = len(files) // 10
        val, test = (0 if part in own else tenth for part in PARTS[1:])
        cut = drawn(len(files), (len(files) - val - test, val, test), labels=classes)
        parts = [([files[i] for i in rows.tolist()], classes[rows]) for rows in cut]
        return [parts[0], *(own.get(part, parts[i]) for i, part in enumerate(PARTS[1:], 1))]


Labelled = tuple[list[Path], Int[Tensor, " n"]]


def is_class_folder(folder: Path) -> bool:
    """Whether a folder holds images."""
    return folder.is_dir() and not folder.name.startswith(".") and bool(images_in(folder))


def images_in(folder: Path) -> list[Path]:
    """Image files below a folder, by their endings, in the order of their names."""
    return [file for file in visible_files(folder) if file.suffix.lower() in SUFFIXES]


def images_below(root: Path, names: list[str]) -> Labelled:
    """Image files of all classes, with their classes.

    Raises:
        Unreadable: There are none, or a folder is no class of the training part.
    """
    found = {folder.name for folder in root.iterdir() if is_class_folder(folder)}
    if found - set(names):
        other = sorted(found - set(names))[0]
        raise Unreadable("path", f"{root} has a class `{other}`, which is not among {names}")
    if not found:
        raise Unreadable("path", f"{root} has no folders with images")
    files = [(file, code) for code, name in enumerate(names) for file in images_in(root / name)]
    return [file for file, _ in files], torch.tensor([code for _, code in files])


class ImageFiles:
    """Images on disk, decoded when they are asked for.

    Args:
        files: One an image.
        size: Side of the square, in pixels.
        channels: 3 for colour, 1 for grey.
    """

    def __init__(self, files: list[Path], size: int, channels: int) -> None:
        self.files = files
        self.size = size
        self.mode = "L" if channels == 1 else "RGB"

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: Int[Tensor, " n"]) -> UInt8[Tensor, "n channels size size"]:
        return torch.stack([self._decode(self.files[place]) for place in index.tolist()])

    def _decode(self, file: Path) -> UInt8[Tensor, "channels size size"]:
        try:
            with Image.open(file) as image:
                image.draft(self.mode, (2 * self.size, 2 * self.size))  # JPEG: no more than needed
                square = middle_square(image.convert(self.mode), self.size)
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise Unreadable("path", f"{file} can't be read as an image: {error}") from error
        pixels = torch.from_numpy(np.array(square))
        return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)


def middle_square(image: Image.Image, size: int) -> Image.Image:
    """The middle of an image, scaled so that its shorter side is `size` pixels."""
    scale = size / min(image.size)
    width, height = (max(size, round(length * scale)) for length in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    scaled = image.resize((width, height), Image.Resampling.BILINEAR)
    return scaled.crop((left, top, left + size, top + size))
