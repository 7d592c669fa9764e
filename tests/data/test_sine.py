from math import pi, sin

import pytest
import torch

from leyden.data import Sine


def unscaled(**options):
    data = Sine(batch_size=4, **({"length": 200, "lags": 5} | options))
    return data.parts.train.values[:, 0] * data.spec.target_std + data.spec.target_mean


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
