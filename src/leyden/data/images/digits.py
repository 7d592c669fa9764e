"""Scikit-learn's handwritten digits: 1,797 real images of 8x8 pixels, in its wheel."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from leyden.data.class_splits import split_labelled
from leyden.data.datamodule import DataModule
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.pixels import image_splits, preparation_of
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec
from leyden.data.splits import DataSplits
from leyden.types import Count, Share


class Digits(DataModule):
    """1,437 training, 180 validation and 180 test images of the ten digits.

    Args:
        split: How samples are split, see `SplitRule`; there is no column to split by.
        crop: Least share of the area that a random crop keeps, see `Augmentation`.
        translate: Largest random shift, in pixels of 8x8.
        flip: Whether every second image is mirrored; real digits are not.
        cutout: Side of a random black square, in pixels.
        shared: Arguments of `DataModule`.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI; here its
    test set, as scikit-learn ships it.
    """

    kind: ClassVar[DataKind] = "image"

    def __init__(
        self,
        *,
        split: dict[str, Any] | None = None,
        crop: Share = 1.0,
        translate: Count = 0,
        flip: bool = False,
        cutout: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.split = split
        self.augmentation = Augmentation(self.seed, crop, translate, flip, cutout)

    def load(self) -> DataSplits:
        pixels, labels = read_digits()
        report = DataReport()
        train, val, test = split_labelled(self.split, labels, (0.8, 0.1, 0.1), report)
        spec = Spec("image", (1, 8, 8), 10, class_names=tuple("0123456789"))
        parts = image_splits(
            (pixels[train], pixels[val], pixels[test]),
            (labels[train], labels[val], labels[test]),
            self.augmentation,
        )
        return DataSplits(spec, *parts, report, preparation_of(parts[0], spec.input_shape))


@cache
def read_digits() -> tuple[UInt8[Tensor, "1797 1 8 8"], Int[Tensor, " 1797"]]:
    """Pixels, scaled from the file's 0..16 to 0..255, and labels.

    The file is read from scikit-learn's folder: importing its `datasets` takes two seconds.
    """
    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    table = torch.from_numpy(np.loadtxt(path, delimiter=",", dtype=np.int64))
    pixels = (table[:, :64] * 255 // 16).to(torch.uint8).view(-1, 1, 8, 8)
    return pixels, table[:, 64]
