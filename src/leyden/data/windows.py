"""Windows of a series: what came before, and what comes next."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from leyden.data.loader import Batch, Draw


@dataclass(frozen=True)
class Windows:
    """A part of a series.

    Attributes:
        values: Scaled features; the target is the first.
        start: First time whose value is to be predicted.
        stop: Time after the last one.
        lags: Times before it that the model sees; they may lie in an earlier part, since the past
            is known when a forecast is made.
        horizon: Times that are predicted at once.
    """

    values: Float[Tensor, "time features"]
    start: int
    stop: int
    lags: int
    horizon: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start - self.horizon + 1)

    def __getitem__(self, draw: Draw) -> Batch:
        first = (draw.index + self.start)[:, None]
        past = self.values[first - self.lags + torch.arange(self.lags)]
        future = self.values[first + torch.arange(self.horizon), 0]
        return past, future
