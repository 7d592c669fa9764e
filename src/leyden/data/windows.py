"""Windows of a series: what came before, and what comes next."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from leyden.data.loader import Batch, Draw


@dataclass(frozen=True)
class Windows:
    """A part of a series, or of several one after the other.

    Attributes:
        values: Scaled features; the target is the first.
        firsts: For each window the first time whose value is predicted.
        lags: Times before it that the model sees; they may lie in an earlier part, since the past
            is known when a forecast is made.
        horizon: Times that are predicted at once.
    """

    values: Float[Tensor, "time features"]
    firsts: Int[Tensor, " n"]
    lags: int
    horizon: int

    def __len__(self) -> int:
        return len(self.firsts)

    def __getitem__(self, draw: Draw) -> Batch:
        first = self.firsts[draw.index][:, None]
        past = self.values[first + torch.arange(-self.lags, 0)]
        future = self.values[first + torch.arange(self.horizon), 0]
        return past, future


def window_places(
    start: int,
    stop: int,
    lags: int,
    horizon: int,
    *,
    is_seen: Bool[Tensor, " time"],
    is_target: Bool[Tensor, " time"],
) -> Int[Tensor, " n"]:
    """First predicted times of all windows whose predicted times lie in `start` to `stop`.

    Args:
        start: First time of the part.
        stop: Time after its last one.
        lags: Times that the model sees.
        horizon: Times that it predicts.
        is_seen: Times that a model may see: they are no hole, and have a value.
        is_target: Times whose target was measured; what was filled in is never predicted.
    """
    begin = max(start, lags)
    firsts = torch.arange(begin, max(begin, stop - horizon + 1))
    if len(firsts) == 0:
        return firsts
    # How many times up to here can't be used; a window has none of them in it.
    unseen = torch.cat([torch.zeros(1, dtype=torch.long), (~is_seen).long().cumsum(0)])
    unmeasured = torch.cat([torch.zeros(1, dtype=torch.long), (~is_target).long().cumsum(0)])
    can_see = unseen[firsts + horizon] == unseen[firsts - lags]
    can_predict = unmeasured[firsts + horizon] == unmeasured[firsts]
    return firsts[can_see & can_predict]
