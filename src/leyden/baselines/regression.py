"""Baselines of regressions: simple forecasts of series, and models of scikit-learn."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor

from leyden.baselines.baseline import Baseline, Scores
from leyden.baselines.samples import Matrices, Part, matrices, same_threads
from leyden.data.spec import Spec
from leyden.data.splits import DataSplits

Array = NDArray[np.float64]

STRENGTHS = np.logspace(-3, 3, 13)
"""Strengths of the ridge regression; leave-one-out validation in the training part chooses."""


def number_baselines(splits: DataSplits) -> Iterator[Baseline]:
    """The mean, ridge regression, and of a table boosted trees; of a series simple forecasts."""
    spec, parts = splits.spec, matrices(splits)
    count = len(parts.train)
    yield fitted("mean of the training targets", DummyRegressor(), spec, parts, is_trivial=True)
    if spec.kind == "series":
        yield persistence(spec, parts)
        yield from seasonal_naive(spec, parts)
        of_ar = {
            f"{part}/rmse": errors["ar"]
            for part, errors in spec.baseline_rmse.items()
            if "ar" in errors
        }
        if of_ar:
            yield Baseline("autoregression", False, of_ar, count)
    if count > 1:
        yield fitted("ridge regression", RidgeCV(STRENGTHS), spec, parts)
    if spec.kind == "table":
        boosted: Any = HistGradientBoostingRegressor(random_state=0)
        if spec.num_outputs > 1:
            boosted = MultiOutputRegressor(boosted)
        yield fitted("gradient boosting", boosted, spec, parts)


def fitted(
    name: str, model: Any, spec: Spec, parts: Matrices, *, is_trivial: bool = False
) -> Baseline:
    """A model of scikit-learn."""
    targets = parts.train.targets
    metrics: Scores = {}
    with same_threads():
        model.fit(parts.train.inputs, targets[:, 0] if targets.shape[1] == 1 else targets)
        for part, samples in parts.evaluated.items():
            predicted = model.predict(samples.inputs).reshape(samples.targets.shape)
            metrics |= errors_of(part, predicted, samples, spec)
    return Baseline(name, is_trivial, metrics, len(parts.train))


def persistence(spec: Spec, parts: Matrices) -> Baseline:
    """The last value again."""
    metrics: Scores = {}
    for part, samples in parts.evaluated.items():
        last = past_of(samples, spec)[:, -1:]
        metrics |= errors_of(part, np.broadcast_to(last, samples.targets.shape), samples, spec)
    return Baseline("persistence", True, metrics, len(parts.train))


def seasonal_naive(spec: Spec, parts: Matrices) -> Iterator[Baseline]:
    """The value of a season ago; the season is the lag with the least error in the training part.

    The lag of 1 is persistence; where no longer one is better, there is no season.
    """
    lags, horizon = spec.input_shape[0], spec.num_outputs
    train = parts.train
    squares = {
        season: float(np.square(season_ago(train, spec, season) - train.targets).mean())
        for season in range(1, lags + 1)
    }
    best = min(squares, key=lambda season: squares[season])
    if best == 1 or horizon < 1:
        return
    metrics: Scores = {}
    for part, samples in parts.evaluated.items():
        metrics |= errors_of(part, season_ago(samples, spec, best), samples, spec)
    yield Baseline(f"seasonal naive, {best} times ago", True, metrics, len(train))


def past_of(samples: Part, spec: Spec) -> Array:
    """The target's own past in each window, the oldest first."""
    lags, features = spec.input_shape
    return samples.inputs.reshape(-1, lags, features)[:, :, 0].astype(np.float64)


def season_ago(samples: Part, spec: Spec, season: int) -> Array:
    """Forecasts by the values of a season ago; a longer horizon repeats the last season."""
    past, horizon = past_of(samples, spec), spec.num_outputs
    places = past.shape[1] - season + np.arange(horizon) % season
    return past[:, places]


def errors_of(part: str, predicted: Array, samples: Part, spec: Spec) -> Scores:
    """The task's metrics: the loss of the scaled target, the others in the target's own unit."""
    differences = predicted - samples.targets
    squared = float(np.square(differences).mean())
    values = {
        "loss": squared,
        "rmse": float(np.sqrt(squared)) * spec.target_std,
        "mae": float(np.abs(differences).mean()) * spec.target_std,
    }
    variance = float(np.square(samples.targets - samples.targets.mean()).mean())
    if variance > 0:
        values["r2"] = 1 - squared / variance
    return {f"{part}/{name}": value for name, value in values.items()}
