"""Data sets: each a datamodule of its own file that says how its three parts are read.

Adding one: a file here with a `DataModule` that has `kind` and `load`, and a YAML in `conf/data/`.
`CSVTable` and `CSVSeries` are imported from their own files: pandas takes a third of a second.
"""

from leyden.data.blobs import Blobs
from leyden.data.datamodule import DataModule
from leyden.data.digits import Digits
from leyden.data.image_arrays import ImageArrays
from leyden.data.image_folder import ImageFolder
from leyden.data.line import Line
from leyden.data.loader import Batch, Draw
from leyden.data.parts import Parts
from leyden.data.plain_text import Shakespeare, Text
from leyden.data.sine import Sine
from leyden.data.spec import Kind, Spec
from leyden.data.stdlib_text import StdlibText
from leyden.data.sunspots import Sunspots
from leyden.data.tokens import Tokens
from leyden.data.torchvision_images import TorchvisionImages
from leyden.data.unreadable import Unreadable

__all__ = [
    "Batch",
    "Blobs",
    "DataModule",
    "Digits",
    "Draw",
    "ImageArrays",
    "ImageFolder",
    "Kind",
    "Line",
    "Parts",
    "Shakespeare",
    "Sine",
    "Spec",
    "StdlibText",
    "Sunspots",
    "Text",
    "Tokens",
    "TorchvisionImages",
    "Unreadable",
]
