"""Two series that need no download: a sine with noise, and the yearly numbers of sunspots."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from leyden.data.datamodule import DataModule
from leyden.data.folds import NOT_IN_TIME
from leyden.data.series.preparation import SeriesLayout
from leyden.data.series.series import Series, series_splits
from leyden.data.spec import DataKind
from leyden.data.splits import DataSplits
from leyden.types import NonNegative, PositiveFloat, PositiveInt


class Sine(DataModule):
    """sin(2 pi t / period) + noise, the same in every run. No forecast errs by less than the noise.

    Args:
        length: Number of times.
        period: Number of times of a cycle.
        noise: Standard deviation of the noise.
        lags: Number of times that the model sees.
        horizon: Number of times that it predicts.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "series"
    no_folds: ClassVar[str] = NOT_IN_TIME

    def __init__(
        self,
        *,
        length: PositiveInt = 1000,
        period: PositiveFloat = 25.0,
        noise: NonNegative = 0.1,
        lags: PositiveInt = 25,
        horizon: PositiveInt = 1,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.length = length
        self.period = period
        self.noise = noise
        self.lags = lags
        self.horizon = horizon

    def load(self) -> DataSplits:
        time = torch.arange(self.length, dtype=torch.float64)
        noise = torch.randn(self.length, generator=torch.Generator().manual_seed(0))
        values = torch.sin(2 * torch.pi * time / self.period) + self.noise * noise
        return series_splits(
            [Series(values[:, None])],
            layout=SeriesLayout(target="sine"),
            lags=self.lags,
            horizon=self.horizon,
            target_name="sine",
        )


class Sunspots(DataModule):
    """Mean number of sunspots of each year from 1700 to 2008; trains on those up to 1915.

    Args:
        lags: Number of years that the model sees; a cycle takes eleven.
        horizon: Number of years that it predicts.
        shared: Arguments of `DataModule`.

    Source: Solar Influences Data Analysis Center, Royal Observatory of Belgium; public domain. Here
    as statsmodels ships it.
    """

    kind: ClassVar[DataKind] = "series"
    no_folds: ClassVar[str] = NOT_IN_TIME

    def __init__(self, *, lags: PositiveInt = 22, horizon: PositiveInt = 1, **shared: Any) -> None:
        super().__init__(**shared)
        self.lags = lags
        self.horizon = horizon

    def load(self) -> DataSplits:
        return series_splits(
            [Series(read_sunspots()[:, None])],
            layout=SeriesLayout(target="sunspots", time=("year",)),
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
