"""Yearly numbers of sunspots since 1700: a real series that needs no download."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from leyden.data.datamodule import DataModule
from leyden.data.parts import Parts
from leyden.data.series import Series, series_parts
from leyden.data.spec import Kind
from leyden.types import PositiveInt


class Sunspots(DataModule):
    """Mean number of sunspots of each year from 1700 to 2008; trains on those up to 1915.

    Args:
        lags: Years that the model sees; a cycle takes eleven.
        horizon: Years that it predicts.
        shared: Those of `DataModule`.

    Source: Solar Influences Data Analysis Center, Royal Observatory of Belgium; public domain. Here
    as statsmodels ships it.
    """

    kind: ClassVar[Kind] = "series"

    def __init__(self, *, lags: PositiveInt = 22, horizon: PositiveInt = 1, **shared: Any) -> None:
        super().__init__(**shared)
        self.lags = lags
        self.horizon = horizon

    def load(self) -> Parts:
        return series_parts(
            [Series(read_sunspots()[:, None])],
            lags=self.lags,
            horizon=self.horizon,
            target_name="sunspots a year",
        )


def read_sunspots() -> Float64[Tensor, " years"]:
    """The file is read from statsmodels' folder; importing its data sets would take a second."""
    package = find_spec("statsmodels")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "datasets" / "sunspots" / "sunspots.csv"
    return torch.from_numpy(np.loadtxt(path, delimiter=",", skiprows=1, usecols=1))
