import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg

from leyden.data.batches import BatchIndices
from leyden.data.series.windows import Autoregression, Windows, baseline_rmse, rmse, window_places

few = settings(deadline=None, max_examples=40, derandomize=True)


def times(length):
    """Each value is its time; a second feature is a hundred more."""
    time = torch.arange(length, dtype=torch.float32)
    return torch.stack([time, time + 100], dim=1)


def part(length, start, stop, lags, horizon, *, holes=(), unmeasured=()):
    is_seen, is_target = torch.ones(2, length, dtype=torch.bool)
    is_seen[list(holes)] = False
    is_target[[*holes, *unmeasured]] = False
    places = window_places(start, stop, lags, horizon, is_seen=is_seen, is_target=is_target)
    return Windows(times(length), places, lags, horizon)


def everything(windows):
    return windows[BatchIndices(0, torch.arange(len(windows)))]


def test_windows_are_cut_by_hand():
    windows = part(9, start=4, stop=8, lags=3, horizon=2)
    past, future = windows[BatchIndices(0, torch.tensor([2, 0]))]
    assert past.tolist() == [[[3, 103], [4, 104], [5, 105]], [[1, 101], [2, 102], [3, 103]]]
    assert future.tolist() == [[6, 7], [4, 5]]


@pytest.mark.parametrize(
    ("start", "stop", "horizon", "length"),
    [(4, 8, 1, 4), (4, 8, 2, 3), (4, 8, 4, 1), (4, 8, 5, 0), (4, 4, 1, 0), (8, 4, 1, 0)],
)
def test_the_number_of_windows_is_counted_by_hand(start, stop, horizon, length):
    assert len(part(9, start, stop, 2, horizon)) == length


@few
@given(
    lags=st.integers(1, 5),
    start=st.integers(0, 9),
    length=st.integers(0, 9),
    horizon=st.integers(1, 5),
)
def test_the_past_ends_where_the_future_begins_and_the_future_stays_in_the_part(
    lags, start, length, horizon
):
    start += lags
    windows = part(start + length + 5, start, start + length, lags, horizon)
    past, future = everything(windows)
    whole = torch.cat([past[..., 0], future], dim=1)
    assert (whole.diff(dim=1) == 1).all()
    assert future[:, 0].tolist() == list(range(start, start + len(windows)))
    assert (future < start + length).all()


@few
@given(
    lags=st.integers(1, 4),
    horizon=st.integers(1, 3),
    holes=st.sets(st.integers(0, 29)),
    unmeasured=st.sets(st.integers(0, 29)),
)
def test_windows_are_all_those_without_a_hole_whose_targets_were_measured(
    lags, horizon, holes, unmeasured
):
    expected = [
        first
        for first in range(max(lags, 3), 25 - horizon + 1)
        if not holes & set(range(first - lags, first + horizon))
        and not unmeasured & set(range(first, first + horizon))
    ]
    windows = part(30, 3, 25, lags, horizon, holes=holes, unmeasured=unmeasured)
    assert windows.firsts.tolist() == expected


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
