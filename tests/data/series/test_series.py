from itertools import chain

import numpy as np
import pytest
import torch

from leyden.data import DataError
from leyden.data.batches import BatchIndices
from leyden.data.series.series import Series, series_splits

WALK = np.random.default_rng(0).normal(size=100).cumsum() + 50


def parts_of(values, *, lags=4, horizon=1):
    values = torch.tensor(np.atleast_2d(values.T).T)
    return series_splits([Series(values)], lags=lags, horizon=horizon, target_name="height (m)")


def each(parts):
    return parts.train, parts.val, parts.test


def targets(part):
    return part[BatchIndices(0, torch.arange(len(part)))][1]


def test_70_percent_train_and_15_percent_validate_and_test_in_the_order_of_time():
    part_targets = [targets(part).flatten().tolist() for part in each(parts_of(WALK))]
    assert [len(numbers) for numbers in part_targets] == [70 - 4, 15, 15]
    scaled = (WALK - WALK[:70].mean()) / WALK[:70].std(ddof=1)
    assert list(chain(*part_targets)) == pytest.approx(scaled[4:], abs=1e-5)


@pytest.mark.parametrize("horizon", [1, 3])
def test_no_target_lies_in_another_part(horizon):
    parts = parts_of(np.arange(100.0), horizon=horizon)
    back = [targets(part) * parts.spec.target_std + parts.spec.target_mean for part in each(parts)]
    ends = [(round(part.min().item()), round(part.max().item())) for part in back]
    assert ends == [(4, 69), (70, 84), (85, 99)]


def test_every_feature_is_scaled_by_the_training_part_alone():
    values = np.stack([WALK, WALK**2], axis=1)
    values[70:] += 1000
    expected = (values - values[:70].mean(axis=0)) / values[:70].std(axis=0, ddof=1)
    np.testing.assert_allclose(parts_of(values).val.values, expected, atol=1e-4)


def test_the_spec_says_the_windows_and_the_targets_scale():
    spec = parts_of(np.stack([WALK, -WALK], axis=1), lags=6, horizon=2).spec
    assert (spec.kind, spec.input_shape, spec.num_outputs) == ("series", (6, 2), 2)
    assert spec.target_name == "height (m)"
    assert spec.target_mean == pytest.approx(WALK[:70].mean())
    assert spec.target_std == pytest.approx(WALK[:70].std(ddof=1))


@pytest.mark.parametrize(("part", "here"), [("val", slice(70, 85)), ("test", slice(85, 100))])
def test_baselines_are_in_the_targets_own_unit(part, here):
    steps = np.diff(WALK, prepend=np.nan)[here]
    expected = np.sqrt(np.mean(steps**2))
    assert parts_of(WALK).spec.baseline_rmse[part]["persistence"] == pytest.approx(expected)


def test_baselines_are_fitted_to_the_training_part_alone():
    other = WALK.copy()
    other[85:] += 1000
    first, second = (parts_of(series).spec.baseline_rmse["val"] for series in (WALK, other))
    assert first == second


@pytest.mark.parametrize("model", ["persistence", "ar"])
def test_baselines_grow_with_the_unit(model):
    metres, millimetres = (parts_of(WALK * unit).spec.baseline_rmse["test"] for unit in (1, 1000))
    assert millimetres[model] == pytest.approx(1000 * metres[model], rel=1e-4)


@pytest.mark.parametrize(
    ("length", "lags", "horizon"),
    [(10, 4, 1), (100, 69, 1), (100, 4, 15), (100, 200, 1), (3, 1, 1)],
)
def test_a_series_too_short_for_its_windows_is_refused(length, lags, horizon):
    with pytest.raises(DataError, match=f"{length} times are too few") as raised:
        parts_of(np.zeros((length, 1)), lags=lags, horizon=horizon)
    assert raised.value.key == "lags"


@pytest.mark.parametrize(("lags", "horizon"), [(68, 1), (4, 14)])
def test_a_series_of_two_windows_a_part_is_long_enough(lags, horizon):
    assert min(len(part) for part in each(parts_of(WALK, lags=lags, horizon=horizon))) == 2


def test_a_feature_that_does_not_vary_in_training_is_not_blown_up():
    late = torch.zeros(100, 2)
    late[:, 0] = torch.arange(100.0) % 7
    late[90:, 1] = 1
    assert parts_of(late).train.values[:, 1].max() == 1


def test_a_constant_series_has_persistence_alone():
    spec = parts_of(torch.ones(100, 1)).spec
    assert spec.baseline_rmse["test"] == {"persistence": 0.0}
