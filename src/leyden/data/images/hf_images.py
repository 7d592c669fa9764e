"""Images of a data set of Hugging Face's `datasets` that lies on this machine."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import PIL.Image
from PIL.Image import Image

from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.hf_splits import choose_splits, files_of, read_splits
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.image_arrays import splits_of_arrays
from leyden.data.parsing.numpy_file import Array, LabelledArrays
from leyden.data.report import DataReport
from leyden.data.spec import DataKind
from leyden.data.split_names import SplitName
from leyden.data.splits import DataSplits
from leyden.errors import suggestion
from leyden.types import Count, Share

if TYPE_CHECKING:
    from datasets import Dataset

MODES = ("L", "RGB")
"""Modes of images that are read as they are; others are read as RGB."""


class HFImages(DataModule):
    """Images and their classes in two columns of a data set of Hugging Face's `datasets`.

    The splits are known by their names. Where there is one alone, 80 % of it train, 10 % validate
    and 10 % test; where `val` or `test` is missing, a tenth of the training images takes its place.
    Each class has its share in what is drawn, which is the same in all runs. All images must be of
    one size.

    Args:
        path: Folder that `save_to_disk` has written, a folder of Parquet files named after their
            splits, or one such file.
        image: Column of the images.
        label: Column of the classes.
        train: Name of the training split; None: the one that is named like it, or the only one.
        val: Name of the validation split; None: `validation`, `valid`, `val`, `dev` or `eval`.
        test: Name of the test split; None: the one that is named like it.
        split: How samples are split, see `SplitRule`; there is no column to split by.
        crop: Least share of the area that a random crop keeps, see `Augmentation`.
        translate: Largest random shift, in pixels.
        flip: Whether every second image is mirrored, left to right.
        cutout: Side of a random black square, in pixels.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "image"

    def __init__(
        self,
        *,
        path: str,
        image: str = "image",
        label: str = "label",
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        split: dict[str, Any] | None = None,
        crop: Share = 1.0,
        translate: Count = 0,
        flip: bool = False,
        cutout: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path).expanduser()
        self.image = image
        self.label = label
        self.names: dict[SplitName, str | None] = {"train": train, "val": val, "test": test}
        self.split = split
        self.augmentation = Augmentation(self.seed, crop, translate, flip, cutout)

    def source_files(self) -> Sequence[Path]:
        return files_of(self.path)

    def load(self) -> DataSplits:
        report = DataReport()
        found = read_splits(self.path, files_of(self.path))
        chosen = choose_splits(found, self.names)
        report.notes += [
            f"the split `{name}` is not used"
            for name, part in found.items()
            if part not in chosen.values()
        ]
        arrays, is_whole = LabelledArrays(), chosen.keys() == {"train"}
        for name, part in chosen.items():
            place = None if is_whole else name
            arrays.samples[place] = pixels_of(part, name, self.image)
            arrays.labels[place] = labels_of(part, name, self.label)
        splits = splits_of_arrays(
            arrays,
            layout=None,
            value_range=[0, 255],
            split=self.split,
            augmentation=self.augmentation,
            report=report,
            named="splits",
        )
        names = getattr(chosen["train"].features[self.label], "names", None)
        if not names:
            return splits
        classes = tuple(str(names[int(code)]) for code in splits.spec.class_names)
        return replace(splits, spec=replace(splits.spec, class_names=classes))


def pixels_of(part: "Dataset", split: str, column: str) -> Array:
    """The images of a split as (n, height, width), or with channels behind.

    Raises:
        DataError: There is no such column, a row has no image, or images differ in size.
    """
    require_column(part, "image", column)
    images: list[Array] = []
    shown = part.select_columns([column])
    for place in range(len(shown)):
        image = opened(shown[place][column])
        if not isinstance(image, Image):
            given = "nothing" if image is None else f"an object of the class {type(image).__name__}"
            message = f"row {place} of the split {split} has {given} in `{column}`, not an image"
            raise DataError("image", message)
        images.append(np.asarray(image if image.mode in MODES else image.convert("RGB")))
        if images[-1].shape != images[0].shape:
            sizes = f"{images[-1].shape}, the first one {images[0].shape}"
            message = f"row {place} of the split {split} has the shape {sizes}; use one size"
            raise DataError("image", message)
    if not images:
        raise DataError("path", f"the split {split} is empty")
    return np.stack(images)


def opened(value: Any) -> Any:
    """An image; of a file without the features of `datasets`, from the bytes that stand there."""
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return PIL.Image.open(BytesIO(value["bytes"]))
    return value


def labels_of(part: "Dataset", split: str, column: str) -> Array:
    """The classes of a split: texts, whole numbers, or the codes of a `ClassLabel`.

    Raises:
        DataError: There is no such column, or a row has no class.
    """
    require_column(part, "label", column)
    names = getattr(part.features[column], "names", None)
    values = part[column]
    for place, value in enumerate(values):
        is_coded = names is None or (isinstance(value, int) and 0 <= value < len(names))
        if not isinstance(value, str | int) or not is_coded:
            message = f"row {place} of the split {split} has no class: {value!r} in `{column}`"
            raise DataError("label", f"{message}; leave such rows out")
    return np.array(values)


def require_column(part: "Dataset", key: str, column: str) -> None:
    """Raises `DataError` where a split has no column of a name."""
    if column not in part.column_names:
        raise DataError(key, f"there is no such column; {suggestion(column, part.column_names)}")
