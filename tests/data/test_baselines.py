import numpy as np
import pytest
import torch
from statsmodels.tsa.ar_model import AutoReg

from leyden.data.baselines import Autoregression, baseline_rmse, rmse
from leyden.data.windows import Windows

STOP, LAGS = 90, 8


def simulated(length=120):
    """An AR(3) process around 2."""
    noise = np.random.default_rng(0).normal(size=length)
    series = np.full(length, 2.0)
    for time in range(3, length):
        back = series[time - 3 : time][::-1] - 2
        series[time] = 2 + 0.9 * back[0] - 0.8 * back[1] + 0.5 * back[2] + noise[time]
    return series


SERIES = simulated()


def windows(series, start, stop, *, lags=LAGS, horizon=1):
    return Windows(
        torch.tensor(series)[:, None], torch.arange(start, stop - horizon + 1), lags, horizon
    )


def order_of_least_akaike_information():
    train = SERIES[:STOP]
    return min(range(LAGS + 1), key=lambda p: AutoReg(train, p, hold_back=LAGS).fit().aic)


ORDER = order_of_least_akaike_information()
PARAMS = AutoReg(SERIES[:STOP], ORDER).fit().params


def test_rmse_is_computed_by_hand():
    assert rmse(torch.tensor([[1.0, 2.0]]), torch.tensor([[4.0, 6.0]])) == pytest.approx(12.5**0.5)


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [(1, ((9 + 16 + 25) / 3) ** 0.5), (2, ((9 + 49 + 16 + 81) / 4) ** 0.5)],
)
def test_persistence_errs_as_computed_by_hand(horizon, expected):
    series = [0.0, 1.0, 3.0, 6.0, 10.0, 15.0]
    part = windows(series, 3, 6, lags=2, horizon=horizon)
    assert baseline_rmse(Autoregression.fit(torch.tensor(series[:3]), 2), part) == {
        "persistence": pytest.approx(expected)
    }


@pytest.mark.parametrize(("stop", "models"), [(11, 1), (12, 2)])
def test_an_autoregression_needs_more_times_than_coefficients(stop, models):
    part = windows(SERIES, 90, 120, lags=3)
    model = Autoregression.fit(torch.tensor(SERIES[:stop]), 3)
    assert len(baseline_rmse(model, part)) == models


def test_the_order_found_here_has_lags_to_tell_apart():
    assert 3 <= ORDER < LAGS


def test_autoregression_errs_as_statsmodels_one_step_predictions_do():
    predicted = AutoReg(SERIES, ORDER).predict(PARAMS, start=STOP, end=119)
    expected = np.sqrt(np.mean((predicted - SERIES[STOP:]) ** 2))
    model = Autoregression.fit(torch.tensor(SERIES[:STOP]), LAGS)
    found = baseline_rmse(model, windows(SERIES, STOP, 120))
    assert found["ar"] == pytest.approx(expected)


@pytest.mark.parametrize("origin", [STOP, 100])
def test_several_steps_are_statsmodels_dynamic_forecast(origin):
    known = SERIES[:origin]
    expected = AutoReg(known, ORDER).predict(PARAMS, start=origin, end=origin + 4)
    past = torch.tensor(known[None, -LAGS:])
    forecast = Autoregression.fit(torch.tensor(SERIES[:STOP]), LAGS)(past, horizon=5)
    np.testing.assert_allclose(forecast, expected[None])


def test_a_series_that_does_not_depend_on_its_past_is_forecast_by_its_mean():
    series = [6.0, 6.0, 4.0, 4.0] * 10
    forecast = Autoregression.fit(torch.tensor(series), 1)(torch.tensor([[6.0], [4]]), horizon=3)
    torch.testing.assert_close(forecast, torch.full((2, 3), 5.0), check_dtype=False)
