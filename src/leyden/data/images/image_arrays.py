"""Images and their classes in the arrays of a NumPy file."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Num
from torch import Tensor

from leyden.data.class_splits import complete_splits, split_labelled
from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.duplicates import PAIRS
from leyden.data.images.image_folder import checked_value_range
from leyden.data.images.pixels import image_splits, preparation_of
from leyden.data.parsing.numpy_file import (
    Array,
    LabelledArrays,
    Labels,
    encode_labels,
    read_labelled_arrays,
)
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec
from leyden.data.split_names import SPLITS, SplitName
from leyden.data.splits import DataSplits
from leyden.types import Count, Share

AxisOrder = Literal["NHWC", "NCHW"]
MOST_CHANNELS = 4
"""Length up to which an axis of images is that of the channels."""


class ImageArrays(DataModule):
    """Images in the arrays of a `.npz` file, as Keras and MedMNIST have them.

    Arrays are known by their names: `images` and `labels` (or `x` and `y`), of which 80 % train,
    10 % validate and 10 % test, drawn once for all runs; or `x_train`, `y_train`, `x_test`, ...,
    also as `train_images`, `train_labels`, ... Where `val` or `test` is missing, a tenth of the
    training images takes its place. Images keep their size and their channels.

    Args:
        path: Path of the file.
        layout: Order of the axes of images, `NHWC` or `NCHW`; None: the axis with up to four
            entries has the channels. Grey images may do without that axis.
        value_range: Values that are black and white, such as [0,4095]; what is outside is cut.
            None: 0 and the largest value of 8 or of 16 bits; 0 and 1 of floats. Then values
            outside are refused.
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
        layout: AxisOrder | None = None,
        value_range: list[float | int] | None = None,
        split: dict[str, Any] | None = None,
        crop: Share = 1.0,
        translate: Count = 0,
        flip: bool = False,
        cutout: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path).expanduser()
        self.layout = layout
        self.value_range = value_range
        self.split = split
        self.augmentation = Augmentation(self.seed, crop, translate, flip, cutout)

    def source_files(self) -> Sequence[Path]:
        return [self.path]

    def load(self) -> DataSplits:
        report = DataReport()
        arrays = read_labelled_arrays(self.path, report, what="images")
        return splits_of_arrays(
            arrays,
            layout=self.layout,
            value_range=self.value_range,
            split=self.split,
            augmentation=self.augmentation,
            report=report,
        )


Pixels = Num[Tensor, "_ channels height width"]


def splits_of_arrays(
    arrays: LabelledArrays,
    *,
    layout: AxisOrder | None,
    value_range: list[float | int] | None,
    split: dict[str, Any] | None,
    augmentation: Augmentation,
    report: DataReport,
    named: str = "arrays",
) -> DataSplits:
    """The splits of images in arrays.

    Args:
        arrays: Images and labels by part; see `LabelledArrays`.
        layout: See `ImageArrays`; so of the others.
        value_range: Values that are black and white.
        split: How samples are split.
        augmentation: Of the training images.
        report: Is told what was made of them.
        named: What names the parts, for the report.

    Raises:
        DataError: They are no images of one shape with classes.
    """
    pixels, ends = _pixels(arrays.samples, layout, value_range, report)
    classes, labels = encode_labels(arrays.labels)
    samples = _split(pixels, labels, split, report, named)
    warn_of_copies([images for images, _ in samples], report)
    spec = Spec("image", tuple(samples[0][0].shape[1:]), len(classes), class_names=classes)
    (train, val, test), (of_train, of_val, of_test) = zip(*samples, strict=True)
    images = image_splits((train, val, test), (of_train, of_val, of_test), augmentation)
    preparation = preparation_of(images[0], spec.input_shape, array_range=ends, layout=layout)
    return DataSplits(spec, *images, report, preparation)


def _pixels(
    images: Mapping[SplitName | None, Array],
    layout: AxisOrder | None,
    value_range: list[float | int] | None,
    report: DataReport,
) -> tuple[dict[SplitName | None, Pixels], tuple[float, float]]:
    """The images of each part as (n, channels, height, width), from 0 to 255; black and white."""
    ordered = {part: channels_first(array, layout) for part, array in images.items()}
    shapes = {array.shape[1:] for array in ordered.values()}
    if len(shapes) > 1:
        raise DataError("path", f"the parts have images of different shapes: {shapes}")
    ends = checked_value_range(value_range) or full_range(list(ordered.values()))
    kinds = {str(array.dtype) for array in images.values()}
    channels, height, width = next(iter(shapes))
    report.source["images"] = f"{height} x {width}, {channels} channels, {', '.join(kinds)}"
    report.source["black and white"] = f"{ends[0]:,g} and {ends[1]:,g} (data.value_range)"
    pixels = {part: scaled(array, ends) for part, array in ordered.items()}
    if all(bool((one == one.view(-1)[0]).all()) for one in pixels.values()):
        raise DataError("path", "all pixels have one value: there is nothing to learn")
    return pixels, ends


def _split(
    pixels: dict[SplitName | None, Pixels],
    labels: dict[SplitName | None, Labels],
    split: dict[str, Any] | None,
    report: DataReport,
    named: str,
) -> list[tuple[Pixels, Labels]]:
    """The three parts."""
    tenth = (0.8, 0.1, 0.1)
    whole: SplitName | None = "train" if "train" in pixels else None
    if len(pixels[whole]) < 10:
        raise DataError("path", f"{len(pixels[whole])} images are too few; at least 10")
    if whole is None:
        rows = split_labelled(split, labels[None], tenth, report)
        return [(pixels[None][part], labels[None][part]) for part in rows]
    own = [part for part in SPLITS if part in pixels]
    given = [part if part in own else f"{part} drawn from train" for part in SPLITS]
    report.split = f"by the names of {named}: {', '.join(given)}"
    cut = complete_splits(split, labels["train"], own, tenth, report)
    return [
        (pixels["train"][cut[part]], labels["train"][cut[part]])
        if part == "train" or part not in own
        else (pixels[part], labels[part])
        for part in SPLITS
    ]


def channels_first(array: Array, layout: AxisOrder | None) -> Array:
    """Images as (n, channels, height, width).

    Raises:
        DataError: It is not certain which axis has the channels.
    """
    if array.ndim == 3:
        return array[:, None]
    if array.ndim != 4:
        message = f"the array of images has {array.ndim} axes, {array.shape}; images have 3 or 4"
        raise DataError("path", message)
    is_few = [array.shape[axis] <= MOST_CHANNELS for axis in (1, 3)]
    if layout is None and is_few[0] == is_few[1]:
        message = f"say which axis of {array.shape} has the channels: data.layout=NHWC or NCHW"
        raise DataError("layout", message)
    is_first = layout == "NCHW" if layout else is_few[0]
    return array if is_first else np.moveaxis(array, 3, 1)


def full_range(arrays: Sequence[Array]) -> tuple[float, float]:
    """The values of black and white where the user gives none.

    Raises:
        DataError: Some values are not between them.
    """
    kinds = {array.dtype.kind for array in arrays}
    if not kinds <= set("buif"):
        raise DataError("path", f"images of {arrays[0].dtype} are no numbers")
    for array in arrays:
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DataError("path", "some values of the images are NaN or infinite")
    low = min(float(array.min()) for array in arrays)
    high = max(float(array.max()) for array in arrays)
    if kinds == {"b"} or "f" in kinds:
        full = 1.0
    else:
        is_16_bit = any(array.dtype == np.uint16 for array in arrays) or high > 255
        full = 65535.0 if is_16_bit else 255.0
    if low < 0 or high > full:
        end = 255 if low >= 0 and high <= 255 else high
        raise DataError(
            "value_range",
            f"images have values from {low:g} to {high:g}; say which are black and white:"
            f" data.value_range=[{min(low, 0.0):g},{end:g}]",
        )
    return 0.0, full


def scaled(array: Array, ends: tuple[float, float]) -> Pixels:
    """Values from black to white as 0 to 255: bytes stay bytes, all others become floats."""
    if ends == (0.0, 255.0) and array.dtype.kind in "bui":
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.uint8))
    shares = (array.astype(np.float32) - ends[0]) / (ends[1] - ends[0])
    return torch.from_numpy(np.ascontiguousarray(255 * shares.clip(0, 1), dtype=np.float32))


def warn_of_copies(parts: Sequence[Pixels], report: DataReport) -> None:
    """Warns of images that are in two parts."""
    digests = {
        part: [blake2b(one.numpy().tobytes(), digest_size=16).digest() for one in images]
        for part, images in zip(SPLITS, parts, strict=True)
    }
    for part, other in PAIRS:
        seen = set(digests[other])
        if count := sum(one in seen for one in digests[part]):
            report.warnings.append(
                f"{count:,} images of {part} are in {other} too: the same pixels"
            )
