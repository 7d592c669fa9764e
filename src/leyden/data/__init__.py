"""Data sets: each is a `DataModule` that reads a training, a validation and a test split.

Here is what all of them share; `images`, `tables`, `series` and `text` hold the data sets, and
`parsing` reads the files of users. Adding one: a file with a `DataModule` that has `kind` and
`load`, its name below, and a YAML in `conf/data/`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from leyden.data.batches import Batch, BatchIndices
from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.images.digits import Digits
from leyden.data.images.image_arrays import ImageArrays
from leyden.data.images.image_folder import ImageFolder
from leyden.data.images.torchvision_images import TorchvisionImages
from leyden.data.module_loaders import ModuleLoaders
from leyden.data.series.examples import Sine, Sunspots
from leyden.data.spec import DataKind, Spec
from leyden.data.splits import DataSplits
from leyden.data.tables.examples import Blobs, Line
from leyden.data.text.plain_text import Shakespeare, Text
from leyden.data.text.stdlib_text import StdlibText
from leyden.data.text.tokens import Tokens
from leyden.data.torch_datasets import TorchDatasets

if TYPE_CHECKING:
    from leyden.data.hf_dataset import HFDataset
    from leyden.data.images.hf_images import HFImages
    from leyden.data.series.csv_series import CSVSeries
    from leyden.data.series.series_classes import SeriesClasses
    from leyden.data.tables.csv_table import CSVTable
    from leyden.data.text.labelled_text import LabelledText

__all__ = [
    "Batch",
    "BatchIndices",
    "Blobs",
    "CSVSeries",
    "CSVTable",
    "DataError",
    "DataKind",
    "DataModule",
    "DataSplits",
    "Digits",
    "HFDataset",
    "HFImages",
    "ImageArrays",
    "ImageFolder",
    "LabelledText",
    "Line",
    "ModuleLoaders",
    "SeriesClasses",
    "Shakespeare",
    "Sine",
    "Spec",
    "StdlibText",
    "Sunspots",
    "Text",
    "Tokens",
    "TorchDatasets",
    "TorchvisionImages",
]

LATE = {
    "HFDataset": "leyden.data.hf_dataset",
    "HFImages": "leyden.data.images.hf_images",
    "CSVSeries": "leyden.data.series.csv_series",
    "CSVTable": "leyden.data.tables.csv_table",
    "LabelledText": "leyden.data.text.labelled_text",
    "SeriesClasses": "leyden.data.series.series_classes",
}
"""Modules that are imported when a name is asked for: pandas takes a third of a second."""


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(LATE[name]), name)
