"""Windows of a series, and what simple forecasts reach on them."""

import warnings
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from leyden.data.batches import Batch, BatchIndices


@dataclass(frozen=True)
class Windows:
    """A split of a series, or of several one after the other.

    Attributes:
        values: Scaled features; the target is the first.
        firsts: First time of each window whose value is predicted.
        lags: Number of times before it that the model sees; they may lie in an earlier part, since
            the past is known when a forecast is made.
        horizon: Number of times that are predicted at once.
    """

    values: Float[Tensor, "time features"]
    firsts: Int[Tensor, " n"]
    lags: int
    horizon: int

    def __len__(self) -> int:
        return len(self.firsts)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        first = self.firsts[batch.index][:, None]
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
        lags: Number of times that the model sees.
        horizon: Number of times that it predicts.
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


@dataclass(frozen=True)
class Autoregression:
    """An AR model with a constant.

    Attributes:
        constant: Number that is added to the weighted past.
        weights: Weights of the last value, of the one before it, and so on.
    """

    constant: Float64[Tensor, ""]
    weights: Float64[Tensor, " order"]

    @classmethod
    def fit(cls, history: Float[Tensor, " time"], lags: int) -> "Autoregression | None":
        """Fitted by least squares (statsmodels); its order has the least Akaike information.

        Args:
            history: The target in the training part.
            lags: Largest order.

        Returns:
            None where there are no more times than coefficients, or all values are the same.
        """
        if len(history) <= 3 * lags + 2 or history.std() == 0:
            return None
        from statsmodels.tsa.ar_model import ar_select_order  # it takes a second to import

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an exactly periodic series has several best fits
            model = ar_select_order(history.double().numpy(), maxlag=lags, ic="aic").model
            params = torch.tensor(model.fit().params)
        return cls(params[0], params[1:])

    def __call__(
        self, past: Float[Tensor, "n lags"], *, horizon: int
    ) -> Float[Tensor, "n horizon"]:
        """Forecasts; those of several steps go on from the model's own."""
        order = len(self.weights)
        for _ in range(horizon):
            latest_first = past[:, past.shape[1] - order :].flip(1)
            following = self.constant + (latest_first @ self.weights if order else 0)
            past = torch.cat([past, following.expand(len(past))[:, None]], dim=1)
        return past[:, -horizon:]


def baseline_rmse(model: Autoregression | None, part: Windows) -> dict[str, float]:
    """Root mean squared errors over all steps of all forecasts of a part, in the scale of `values`.

    Args:
        model: Fitted to the training part; None: there is none.
        part: Windows to forecast.

    Returns:
        The errors of `persistence` (the last value again) and, where there is a model, of `ar`.
    """
    past, future = part[BatchIndices(0, torch.arange(len(part)))]
    target = past[..., 0].double()
    forecasts = {"persistence": target[:, -1:].expand_as(future)}
    if model is not None:
        forecasts["ar"] = model(target, horizon=part.horizon)
    return {name: rmse(forecast, future) for name, forecast in forecasts.items()}


def rmse(forecast: Tensor, truth: Tensor) -> float:
    """Root of the mean squared difference."""
    return float((forecast - truth).double().square().mean().sqrt())
