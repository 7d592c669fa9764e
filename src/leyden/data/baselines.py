"""What is reached on a series without a network: to be beaten before anything is claimed."""

import warnings
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from leyden.data.loader import Draw
from leyden.data.windows import Windows


@dataclass(frozen=True)
class Autoregression:
    """An AR model with a constant.

    Attributes:
        constant: What is added to the weighted past.
        weights: Of the last value, of the one before it, and so on.
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
        from statsmodels.tsa.ar_model import ar_select_order

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
        part: What is forecast.

    Returns:
        Of `persistence` (as it was last) and, where there is one, of the model as `ar`.
    """
    past, future = part[Draw(0, torch.arange(len(part)))]
    target = past[..., 0].double()
    forecasts = {"persistence": target[:, -1:].expand_as(future)}
    if model is not None:
        forecasts["ar"] = model(target, horizon=part.horizon)
    return {name: rmse(forecast, future) for name, forecast in forecasts.items()}


def rmse(forecast: Tensor, truth: Tensor) -> float:
    """Root of the mean squared difference."""
    return float((forecast - truth).double().square().mean().sqrt())
