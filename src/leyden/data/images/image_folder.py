"""The data set of a folder of images, with one folder for each class."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Int, Num
from torch import Tensor

from leyden.data.class_splits import complete_splits, split_labelled
from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.duplicates import warn_of_copies
from leyden.data.images.formats import DamagedImage, OutsideRange, without_warnings
from leyden.data.images.image_file import Background, Decoder
from leyden.data.images.layout import FolderLayout, Labelled, find_layout
from leyden.data.images.pixels import image_splits, preparation_of
from leyden.data.images.survey import Survey, describe_images, survey
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec
from leyden.data.split_names import SPLITS, SplitName
from leyden.data.splits import DataSplits
from leyden.types import Count, PositiveInt, Share


class ImageFolder(DataModule):
    """Images in `path/CLASS/...`: 80 % train, 10 % validate, 10 % test, drawn once for all runs.

    Folders of parts, `path/train/CLASS`, `path/val/CLASS` and `path/test/CLASS`, are taken as they
    are, under all of their usual names; where one of the latter two is missing or has no classes,
    a tenth of the training images takes its place. Pixels are those that a viewer shows.

    Args:
        path: Path of the folder.
        classes: Names of the folders that are the classes; others are left out. None: all are,
            unless that is in doubt.
        size: Side of the square that a model sees, in pixels: an image is scaled until its shorter
            side is so long, and its middle is cut out.
        channels: 3 for colour, 1 for grey.
        background: Colour that is seen through transparent pixels: `white` or `black`.
        value_range: Values that are black and white in images of more than 8 bits, such as
            [0,4095]; what is outside is cut. None: 0 and the largest value of 16 bits; 0 and 1 for
            floats. Then values outside are refused.
        skip_damaged: Whether files that can't be decoded are left out instead of being an error.
            All are decoded for it, before the parts are drawn.
        split: How samples are split, see `SplitRule`; there is no column to split by.
        crop: Least share of the area that a random crop keeps, see `Augmentation`.
        translate: Largest random shift, in pixels.
        flip: Whether every second image is mirrored, left to right.
        cutout: Side of a random black square, in pixels.
        shared: Arguments of `DataModule`. Images are decoded when they are asked for, so
            `num_workers` helps.
    """

    kind: ClassVar[DataKind] = "image"

    def __init__(
        self,
        *,
        path: str,
        classes: tuple[str, ...] | None = None,
        size: PositiveInt = 64,
        channels: Literal[1, 3] = 3,
        background: Background = "white",
        value_range: list[float | int] | None = None,
        skip_damaged: bool = False,
        split: dict[str, Any] | None = None,
        crop: Share = 1.0,
        translate: Count = 0,
        flip: bool = False,
        cutout: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path).expanduser()
        self.classes = classes
        self.size = size
        self.channels = channels
        self.background = background
        self.value_range = value_range
        self.skip_damaged = skip_damaged
        self.split = split
        self.augmentation = Augmentation(self.seed, crop, translate, flip, cutout)
        self.used: list[Path] = []

    def source_files(self) -> Sequence[Path]:
        _ = self.splits  # damaged files are not among them
        return self.used

    def load(self) -> DataSplits:
        if not self.path.is_dir():
            raise DataError("path", f"is not a folder{hint_for_file(self.path)}")
        report = DataReport()
        decoder = Decoder(
            self.size, self.channels, self.background, checked_value_range(self.value_range)
        )
        layout = find_layout(self.path, report, chosen=self.classes)
        found = survey(
            [file for labelled in layout.parts.values() for file, _ in labelled],
            decoder,
            decodes_all=self.skip_damaged,
        )
        parts = self._split(self._sound(layout, found, report), layout, report)
        self.used = sorted(file for files, _ in parts for file in files)
        describe_images(found, decoder, report)
        warn_of_copies([files for files, _ in parts], [labels for _, labels in parts], report)
        pixels = [ImageFiles(files, decoder, is_deep=found.is_deep) for files, _ in parts]
        spec = Spec(
            "image",
            (self.channels, self.size, self.size),
            len(layout.classes),
            class_names=tuple(layout.classes),
        )
        images = image_splits(
            (pixels[0], pixels[1], pixels[2]),
            (parts[0][1], parts[1][1], parts[2][1]),
            self.augmentation,
            statistics=found.statistics(parts[0][0]),
        )
        preparation = preparation_of(
            images[0],
            spec.input_shape,
            background=self.background,
            value_range=checked_value_range(self.value_range),
        )
        return DataSplits(spec, *images, report, preparation)

    def _sound(
        self, layout: FolderLayout, found: Survey, report: DataReport
    ) -> "dict[SplitName, FilesAndLabels]":
        """The files of each part without those that are damaged.

        Raises:
            DataError: There are damaged ones, and they are not to be left out.
        """
        damaged = {image.file: image.failure for image in found.damaged}
        if damaged and not self.skip_damaged:
            file = next(iter(damaged))
            others = f", nor can {len(damaged) - 1:,} others" if len(damaged) > 1 else ""
            raise DataError(
                "path",
                f"{file} can't be read as an image ({damaged[file]}){others};"
                " data.skip_damaged=true leaves them out",
            )
        if damaged:
            report.files_left_out["damaged"] = len(damaged)
        return {
            part: files_and_labels(
                [(file, name) for file, name in labelled if file not in damaged], layout.classes
            )
            for part, labelled in layout.parts.items()
        }

    def _split(
        self, own: "dict[SplitName, FilesAndLabels]", layout: FolderLayout, report: DataReport
    ) -> "list[FilesAndLabels]":
        """The three parts: the user's own where there are folders of these names.

        Raises:
            DataError: There are too few images, or the key `split` does not fit.
        """
        files, labels = own["train"]
        if len(files) < 10:
            raise DataError("path", f"{len(files)} images are too few; at least 10")
        for number, name in enumerate(layout.classes):
            if number not in labels:
                raise DataError("path", f"all images of the class `{name}` are damaged")
        tenth = (0.8, 0.1, 0.1)
        if not layout.folders:
            rows = split_labelled(self.split, labels, tenth, report)
            return [([files[i] for i in part.tolist()], labels[part]) for part in rows]
        said = [
            f"`{layout.folders[part]}` as {part}" if part in own else f"{part} drawn from train"
            for part in SPLITS
        ]
        where = "" if layout.root == self.path else f" in {layout.root.relative_to(self.path)}/"
        report.split = f"by folders{where}: {', '.join(said)}"
        rows_of = complete_splits(self.split, labels, own, tenth, report)
        cut = {
            part: ([files[i] for i in rows.tolist()], labels[rows])
            for part, rows in rows_of.items()
        }
        return [cut["train"], *(own.get(part, cut[part]) for part in SPLITS[1:])]


def hint_for_file(path: Path) -> str:
    """The advice for a path that is no folder."""
    if path.suffix in (".npz", ".npy"):
        return "; arrays are read by data=image_arrays"
    if path.suffix in (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"):
        return "; unpack it"
    return ""


FilesAndLabels = tuple[list[Path], Int[Tensor, " n"]]


def files_and_labels(labelled: Labelled, classes: list[str]) -> FilesAndLabels:
    """Files, and the codes of their classes."""
    codes = {name: code for code, name in enumerate(classes)}
    labels = torch.tensor([codes[name] for _, name in labelled], dtype=torch.long)
    return [file for file, _ in labelled], labels


def checked_value_range(given: list[float | int] | None) -> tuple[float, float] | None:
    """The values of black and white, if the user gives them.

    Raises:
        DataError: They are not two numbers that rise.
    """
    if given is None:
        return None
    if len(given) != 2 or not given[0] < given[1]:
        raise DataError("value_range", "must be the values of black and white, such as [0,4095]")
    return float(given[0]), float(given[1])


class ImageFiles:
    """Images on disk, decoded when they are asked for.

    Args:
        files: File of each image.
        decoder: Decoder that makes pixels of them.
        is_deep: Whether an image of the set has more than 8 bits; pixels are then floats.
    """

    def __init__(self, files: list[Path], decoder: Decoder, *, is_deep: bool = False) -> None:
        self.files = files
        self.decoder = decoder
        self.dtype = np.float32 if is_deep else np.uint8

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: Int[Tensor, " n"]) -> Num[Tensor, "n channels size size"]:
        with without_warnings():
            squares = [self._decode(self.files[place]) for place in index.tolist()]
        return torch.stack(squares).permute(0, 3, 1, 2).contiguous()

    def _decode(self, file: Path) -> Num[Tensor, "size size channels"]:
        try:
            return torch.from_numpy(self.decoder.square(file).astype(self.dtype, copy=False))
        except DamagedImage as error:
            message = (
                f"{file} can't be read as an image ({error}); data.skip_damaged=true leaves it out"
            )
            raise DataError("path", message) from error
        except OutsideRange as error:
            message = (
                f"{file} has values from {error.low:g} to {error.high:g}; say which are black and"
                f" white, such as data.value_range=[{error.low:g},{error.high:g}]"
            )
            raise DataError("value_range", message) from error
