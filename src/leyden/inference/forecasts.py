"""Forecasts of a run for series that come after training."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from leyden.data import DataError
from leyden.data.series.new_series import NewSeries, new_series_of, read_new_series
from leyden.data.series.preparation import SeriesPreparation
from leyden.errors import ConfigError, Problem
from leyden.files.row_writer import Kind
from leyden.inference.predictor import Predictor


def require_steps(preparation: SeriesPreparation, steps: int | None) -> int:
    """How many steps are forecast.

    Raises:
        ConfigError: There are more than the model can give, which sees columns that it does not
            forecast.
    """
    steps = steps or preparation.horizon
    others = preparation.layout.features
    if others and steps > preparation.horizon:
        message = (
            f"is more than the model gives at once, {preparation.horizon}: it sees"
            f" {', '.join(others)}, which it does not forecast"
        )
        raise ConfigError([Problem("--horizon", message, str(steps))])
    return steps


def forecast_kinds(predictor: Predictor, preparation: SeriesPreparation) -> dict[str, Kind]:
    """The columns of a forecast."""
    kinds: dict[str, Kind] = {"file": "string"}
    if preparation.layout.by is not None:
        kinds["series"] = "string"
    kinds |= {"step": "int64", "time": "string"}
    return {**kinds, **predictor.kinds}


def forecasts(
    files: Sequence[Path],
    preparation: SeriesPreparation,
    predictor: Predictor,
    *,
    steps: int,
    skip: bool,
) -> Iterator[tuple[dict[str, list[Any]], list[str]]]:
    """The columns of each series, and what is wrong with it, once for each row.

    Raises:
        ConfigError: A file has no such series, or one can't be continued and is not skipped.
    """
    for file in files:
        try:
            found = read_new_series(file, preparation, steps=steps)
        except DataError as error:
            raise ConfigError([Problem("INPUT", str(error), str(file))]) from error
        yield from _each(file, found, preparation, predictor, steps, skip)


def forecasts_of_frame(
    frame: pd.DataFrame,
    preparation: SeriesPreparation,
    predictor: Predictor,
    *,
    steps: int,
    skip: bool,
) -> Iterator[tuple[dict[str, list[Any]], list[str]]]:
    """Forecasts of the series of a DataFrame; see `forecasts`."""
    if not isinstance(frame, pd.DataFrame):
        message = f"are a {type(frame).__name__}; the run takes a DataFrame, or paths"
        raise ConfigError([Problem("inputs", message)])
    try:
        found = new_series_of(frame, preparation, steps=steps)
    except DataError as error:
        raise ConfigError([Problem("inputs", str(error))]) from error
    yield from _each(Path("inputs"), found, preparation, predictor, steps, skip)


def _each(
    file: Path,
    found: Sequence[NewSeries],
    preparation: SeriesPreparation,
    predictor: Predictor,
    steps: int,
    skip: bool,
) -> Iterator[tuple[dict[str, list[Any]], list[str]]]:
    for series in found:
        if series.problem and not skip:
            which = f"series `{series.name}` " if series.name else ""
            message = f"{which}{series.problem}; --on-error skip leaves its rows empty"
            raise ConfigError([Problem("INPUT", message, str(file))])
        yield _columns(file, series, preparation, predictor, steps), [series.problem] * steps


def _columns(
    file: Path,
    series: NewSeries,
    preparation: SeriesPreparation,
    predictor: Predictor,
    steps: int,
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"file": [str(file)] * steps}
    if preparation.layout.by is not None:
        columns["series"] = [series.name] * steps
    columns |= {"step": list(range(1, steps + 1)), "time": series.times}
    if series.past is None:
        return columns | {name: [None] * steps for name in predictor.kinds}
    return columns | predictor.forecast(series.past[None], steps)
