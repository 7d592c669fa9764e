"""Data sets: each a datamodule of its own file that says how its three parts are read.

Adding one: a file here with a `DataModule` that has `kind` and `load`, and a YAML in `conf/data/`.
"""

from leyden.data.datamodule import DataModule, Parts
from leyden.data.digits import Digits
from leyden.data.loader import Batch, Draw
from leyden.data.spec import Kind, Spec
from leyden.data.stdlib_text import StdlibText

__all__ = ["Batch", "DataModule", "Digits", "Draw", "Kind", "Parts", "Spec", "StdlibText"]
