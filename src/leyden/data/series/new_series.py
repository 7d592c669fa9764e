"""The past of series that come after training, as a model's input."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor

from leyden.data.parsing.column_types import convert_typed_column
from leyden.data.report import DataReport
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.series.series_reader import ReadSeries, SeriesReader


@dataclass(frozen=True)
class NewSeries:
    """A series to be continued.

    Attributes:
        name: Its name, where a file has several.
        past: Its last values, scaled as in training; None where it can't be continued.
        problem: Why it can't; empty where it can.
        times: The times that follow; their numbers from 1 where the file names none.
    """

    name: str
    past: Float[Tensor, "lags features"] | None
    problem: str
    times: list[str]


def read_new_series(path: Path, preparation: SeriesPreparation, *, steps: int) -> list[NewSeries]:
    """The series of a file, each up to its last value of the target.

    Args:
        path: Text, Parquet or NumPy file, with the columns of the training file.
        preparation: What the run learned of its series.
        steps: Number of times that are to follow.

    Raises:
        DataError: The file has no such series.
    """
    found = SeriesReader(preparation.layout).read(str(path), DataReport())
    return [_new(one, preparation, steps) for one in found]


def new_series_of(
    frame: pd.DataFrame, preparation: SeriesPreparation, *, steps: int
) -> list[NewSeries]:
    """The series of a DataFrame; see `read_new_series`."""
    report = DataReport()
    columns = {
        str(name): convert_typed_column(
            column.rename(str(name)).reset_index(drop=True), frozenset(), report
        )
        for name, column in frame.items()
    }
    found = SeriesReader(preparation.layout).series_of(pd.DataFrame(columns), report)
    return [_new(one, preparation, steps) for one in found]


def _new(read: ReadSeries, preparation: SeriesPreparation, steps: int) -> NewSeries:
    values, lags = read.series.values, preparation.lags
    times = list(map(str, range(1, steps + 1)))
    if read.times is not None and read.grid is not None:
        times = read.grid.after(read.times.moments.iloc[-1], steps)
    if len(values) < lags:
        problem = f"has {len(values)} times; the model sees {lags}"
        return NewSeries(read.series.name, None, problem, times)
    if bool(read.series.holes[-lags:].any()):
        problem = f"has a time without a value among the last {lags}; data.gaps=fill fills them"
        return NewSeries(read.series.name, None, problem, times)
    mean = torch.tensor(preparation.mean, dtype=values.dtype)
    std = torch.tensor(preparation.std, dtype=values.dtype)
    past = ((values[-lags:] - mean) / std).float()
    return NewSeries(read.series.name, past, "", times)
