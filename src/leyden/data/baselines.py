"""What is reached on a series without a network: to be beaten before anything is claimed."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from leyden.data.loader import Draw
from leyden.data.windows import Windows


def baseline_rmse(history: Float[Tensor, " time"], part: Windows) -> dict[str, float]:
    """Root mean squared errors over all steps of all forecasts of a part, in the scale of `values`.

    Args:
        history: The target in the training part, to which the autoregressive model is fitted.
        part: What is forecast.

    Returns:
        Of `persistence` (as it was last) and, where the training part is long enough for its
        coefficients, of `ar`, an autoregressive model that may see as many lags.
    """
    past, future = part[Draw(0, torch.arange(len(part)))]
    target = past[..., 0].double()
    forecasts = {"persistence": target[:, -1:].expand_as(future)}
    has_room = len(history) > 3 * part.lags + 2  # more times than coefficients
    if has_room and history.std() > 0:
        forecasts["ar"] = autoregression(history, target, horizon=part.horizon)
    return {name: rmse(forecast, future) for name, forecast in forecasts.items()}


def autoregression(
    history: Float[Tensor, " time"], past: Float[Tensor, "n lags"], *, horizon: int
) -> Float[Tensor, "n horizon"]:
    """Forecasts of an AR model with a constant, fitted by least squares (statsmodels).

    Its order is the one of least Akaike information up to `lags`. Forecasts of several steps go on
    from the model's own.
    """
    from statsmodels.tsa.ar_model import ar_select_order

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an exactly periodic series has several best fits
        model = ar_select_order(history.double().numpy(), maxlag=past.shape[1], ic="aic").model
        constant, *weights = torch.tensor(model.fit().params)
    order = len(weights)
    for _ in range(horizon):
        latest_first = past[:, past.shape[1] - order :].flip(1)
        following = constant + (latest_first @ torch.stack(weights) if weights else 0)
        past = torch.cat([past, following.expand(len(past))[:, None]], dim=1)
    return past[:, -horizon:]


def rmse(forecast: Tensor, truth: Tensor) -> float:
    """Root of the mean squared difference."""
    return float((forecast - truth).double().square().mean().sqrt())
