"""Scikit-learn's handwritten digits: 1,797 real images of 8x8 pixels, in its wheel."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from leyden.data.datamodule import DataModule, Parts
from leyden.data.images import Images, channel_statistics
from leyden.data.spec import Kind, Spec
from leyden.ranges import Count


class Digits(DataModule):
    """1,437 training, 180 validation and 180 test images of the ten digits.

    Args:
        translate: Shift each training image by up to this many of its 8x8 pixels.
        shared: Those of `DataModule`.

    Source: Alpaydin and Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI; here its
    test set, as scikit-learn ships it.
    """

    kind: ClassVar[Kind] = "image"

    def __init__(self, *, translate: Count = 0, **shared: Any) -> None:
        super().__init__(**shared)
        self.translate = translate

    def load(self) -> Parts:
        pixels, labels = read_digits()
        order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))
        train, val, test = order.tensor_split([1437, 1617])
        mean, std = channel_statistics(pixels[train])
        return Parts(
            spec=Spec("image", (1, 8, 8), 10, class_names=tuple("0123456789")),
            train=Images(
                pixels[train],
                labels[train],
                mean=mean,
                std=std,
                translate=self.translate,
                seed=self.seed,
            ),
            val=Images(pixels[val], labels[val], mean=mean, std=std),
            test=Images(pixels[test], labels[test], mean=mean, std=std),
        )


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
