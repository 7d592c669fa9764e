"""A sine with noise: a series whose best forecast is known."""

from typing import Any, ClassVar

import torch

from leyden.data.datamodule import DataModule
from leyden.data.parts import Parts
from leyden.data.series import Series, series_parts
from leyden.data.spec import Kind
from leyden.types import NonNegative, PositiveFloat, PositiveInt


class Sine(DataModule):
    """sin(2 pi t / period) + noise, the same in every run. No forecast errs by less than the noise.

    Args:
        length: Number of times.
        period: Times of a cycle.
        noise: Standard deviation of the noise.
        lags: Times that the model sees.
        horizon: Times that it predicts.
        shared: Those of `DataModule`.
    """

    kind: ClassVar[Kind] = "series"

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

    def load(self) -> Parts:
        time = torch.arange(self.length, dtype=torch.float64)
        noise = torch.randn(self.length, generator=torch.Generator().manual_seed(0))
        values = torch.sin(2 * torch.pi * time / self.period) + self.noise * noise
        return series_parts(
            [Series(values[:, None])], lags=self.lags, horizon=self.horizon, target_name="sine"
        )
