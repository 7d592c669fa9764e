"""The image sets that torchvision fetches and verifies."""

import gzip
import shutil
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.fetching import data_folder, fetch_into
from leyden.data.folds import Fold, with_fold
from leyden.data.images.augmentation import Augmentation
from leyden.data.images.pixels import image_splits, preparation_of
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec
from leyden.data.splits import DataSplits, counted
from leyden.data.splitting import draw_rows
from leyden.types import Count, PositiveInt, Share

DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package `dataset-fashion-mnist` puts the real files."""

DatasetName = Literal["mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100"]

loaded: WeakValueDictionary[Hashable, DataSplits] = WeakValueDictionary()
"""Splits that data modules of this process hold, by the arguments that decide them.

The check before a run has read what the run reads, and so have runs that are trained together.
"""


@dataclass(frozen=True)
class Source:
    """A data set of torchvision: its class there, its files, its shape."""

    class_name: str
    files: tuple[str, ...]
    shape: tuple[int, int, int]
    num_classes: int
    num_train: int


IDX_FILES = tuple(
    f"{part}-{content}-ubyte.gz"
    for part in ("train", "t10k")
    for content in ("images-idx3", "labels-idx1")
)
SOURCES: dict[DatasetName, Source] = {
    "mnist": Source("MNIST", IDX_FILES, (1, 28, 28), 10, 60_000),
    "fashion_mnist": Source("FashionMNIST", IDX_FILES, (1, 28, 28), 10, 60_000),
    "kmnist": Source("KMNIST", IDX_FILES, (1, 28, 28), 10, 60_000),
    "cifar10": Source("CIFAR10", ("cifar-10-python.tar.gz",), (3, 32, 32), 10, 50_000),
    "cifar100": Source("CIFAR100", ("cifar-100-python.tar.gz",), (3, 32, 32), 100, 50_000),
}


class TorchvisionImages(DataModule):
    """MNIST, Fashion-MNIST, KMNIST, CIFAR-10 or CIFAR-100, fetched by torchvision.

    The test part is the set's own; `num_val` images of its training part validate.

    Args:
        dataset: Which of them.
        num_val: Images that validate, drawn once for all runs; with a fold they are its images.
        split: `fold` alone, such as 1/5: a fold of the training images that validates.
        crop: Least share of the area that a random crop keeps, see `Augmentation`.
        translate: Largest random shift, in pixels.
        flip: Whether every second image is mirrored, left to right.
        cutout: Side of a random black square, in pixels.
        shared: Arguments of `DataModule`.

    Sources: LeCun et al. 1998 (MNIST); Xiao, Rasul, Vollgraf 2017 (Fashion-MNIST); Clanuwat et al.
    2018 (KMNIST); Krizhevsky 2009 (CIFAR).
    """

    kind: ClassVar[DataKind] = "image"
    takes_only_folds: ClassVar[bool] = True  # so the config of a run without one has no `split`

    def __init__(
        self,
        *,
        dataset: DatasetName,
        num_val: PositiveInt = 5000,
        split: dict[str, Any] | None = None,
        crop: Share = 1.0,
        translate: Count = 0,
        flip: bool = False,
        cutout: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.dataset = dataset
        self.num_val = num_val
        self.fold = Fold.alone(split, "num_val says how many images validate")
        self.augmentation = Augmentation(self.seed, crop, translate, flip, cutout)
        self.source = SOURCES[dataset]
        self.folder = data_folder() / dataset

    def is_here(self) -> bool:
        return self.folder.is_dir()

    def fetch(self) -> None:
        files = ", ".join(self.source.files)
        by_hand = f"put {files} from {self._address()} into {self.archives} and try again"
        if self.dataset == "fashion_mnist":
            by_hand += ", or install Debian's package dataset-fashion-mnist"
        fetch_into(self.folder, self._fill, by_hand=by_hand)

    @property
    def archives(self) -> Path:
        """Where a person puts the files of a set that can't be fetched from here."""
        return data_folder() / "archives" / self.dataset

    def _address(self) -> str:
        cls = _torchvision_class(self.source)
        return str(cls.url.rpartition("/")[0] if hasattr(cls, "url") else cls.mirrors[0])

    def expected_spec(self) -> Spec:
        return Spec("image", self.source.shape, self.source.num_classes)

    def expected_train_samples(self) -> int:
        fold, whole = self.fold, self.source.num_train
        return whole - (self.num_val if fold is None else whole // fold.count)

    def load(self) -> DataSplits:
        augmentation = self.augmentation if self.augmentation.changes else None
        origin = type(self), self.folder.absolute(), self.num_val, self.fold, augmentation
        parts = loaded.get(origin) or counted(self._read_parts())
        loaded[origin] = parts
        return parts

    def _read_parts(self) -> DataSplits:
        whole, whole_labels, names = self._read(train=True)
        test, test_labels, _ = self._read(train=False)
        if self.num_val >= len(whole):
            raise DataError("num_val", f"leaves none of the {len(whole):,} images to train on")
        sizes = (len(whole) - self.num_val, self.num_val, 0)
        report = DataReport()
        drawn = draw_rows(len(whole), sizes, labels=whole_labels)
        if self.fold is not None:
            report.split = "test images as they are given"
        train, val, _ = with_fold(drawn, self.fold, report, labels=whole_labels)
        parts = image_splits(
            (whole[train], whole[val], test),
            (whole_labels[train], whole_labels[val], test_labels),
            self.augmentation,
        )
        spec = Spec("image", self.source.shape, self.source.num_classes, class_names=names)
        preparation = preparation_of(parts[0], spec.input_shape)
        return DataSplits(spec, *parts, report, preparation)

    def _read(self, *, train: bool) -> tuple[Tensor, Tensor, tuple[str, ...]]:
        dataset = _torchvision_class(self.source)(self.folder, train=train)
        pixels = torch.as_tensor(dataset.data)
        pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
        names = tuple(name.partition(" - ")[2] or name for name in dataset.classes)
        return pixels.contiguous(), torch.as_tensor(dataset.targets), names

    def _fill(self, folder: Path) -> None:
        cls = _torchvision_class(self.source)
        raw = folder / self.source.class_name / "raw" if self.source.files == IDX_FILES else folder
        raw.mkdir(parents=True, exist_ok=True)
        if self.dataset == "fashion_mnist" and DEBIAN_FASHION_MNIST.is_dir():
            for name in IDX_FILES:
                unzip(DEBIAN_FASHION_MNIST / name, raw / name.removesuffix(".gz"))
            return
        for name in self.source.files:
            if (self.archives / name).is_file():
                shutil.copyfile(self.archives / name, raw / name)
        cls(folder, download=True)  # what is there already, it only verifies


def _torchvision_class(source: Source) -> Any:
    from torchvision import datasets  # it takes a second to import

    return getattr(datasets, source.class_name)


def unzip(source: Path, target: Path) -> None:
    """Unpacks a gzip file."""
    with gzip.open(source) as packed, target.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
