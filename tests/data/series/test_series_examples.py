from math import pi, sin

import pytest
import torch

from leyden.data import Sine, Sunspots
from leyden.data.series.examples import read_sunspots


def unscaled(**options):
    data = Sine(batch_size=4, **({"length": 200, "lags": 5} | options))
    return data.splits.train.values[:, 0] * data.spec.target_std + data.spec.target_mean


@pytest.mark.parametrize("period", [25.0, 8.5])
def test_without_noise_it_is_a_sine_of_the_period(period):
    expected = [sin(2 * pi * time / period) for time in range(200)]
    assert unscaled(period=period, noise=0.0).tolist() == pytest.approx(expected, abs=1e-5)


def test_the_noise_has_its_deviation():
    rest = unscaled(length=5000, noise=0.5) - unscaled(length=5000, noise=0.0)
    assert rest.mean().item() == pytest.approx(0, abs=0.03)
    assert rest.std().item() == pytest.approx(0.5, abs=0.02)


def test_it_does_not_depend_on_the_seed():
    assert torch.equal(unscaled(seed=0), unscaled(seed=1))


def test_the_spec_is_that_of_the_parameters():
    spec = Sine(batch_size=4, length=200, lags=7, horizon=3).spec
    assert (spec.input_shape, spec.num_outputs) == ((7, 1), 3)


def test_the_best_baseline_errs_by_about_the_noise():
    baselines = Sine(batch_size=4, length=2000, noise=0.1).spec.baseline_rmse["test"]
    assert baselines["ar"] == pytest.approx(0.1, abs=0.02)


def test_there_is_a_number_of_every_year_from_1700_to_2008():
    assert len(read_sunspots()) == 2008 - 1700 + 1


@pytest.mark.parametrize(
    ("year", "number"), [(1700, 5.0), (1701, 11.0), (1957, 190.2), (2008, 2.9)]
)
def test_the_numbers_are_the_observatorys(year, number):
    assert read_sunspots()[year - 1700].item() == number


def test_it_trains_on_the_years_up_to_1915():
    parts = Sunspots(batch_size=4, lags=11).splits
    assert parts.train.firsts[-1] + 1700 == 1915
    assert parts.spec.target_mean == pytest.approx(read_sunspots()[:216].mean().item())


@pytest.mark.parametrize(("lags", "horizon"), [(22, 1), (11, 5)])
def test_the_windows_are_those_asked_for(lags, horizon):
    spec = Sunspots(batch_size=4, lags=lags, horizon=horizon).spec
    assert (spec.input_shape, spec.num_outputs) == ((lags, 1), horizon)


def test_the_series_ends_with_the_last_year():
    parts = Sunspots(batch_size=4).splits
    last = parts.test.values[-1] * parts.spec.target_std + parts.spec.target_mean
    torch.testing.assert_close(last, torch.tensor([2.9]))
