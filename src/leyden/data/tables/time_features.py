"""Columns of times in a table, and the features that they become."""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.errors import DataError, format_cell
from leyden.data.folds import RowIndex
from leyden.data.parsing.cells import find_sentinel, override_item
from leyden.data.parsing.times import Times, parse_times
from leyden.data.report import DataReport

CYCLES = {"hour": 24.0, "day_of_week": 7.0, "day_of_year": 365.25}
"""Cycles of dates, and their lengths."""

FEWEST, FEWEST_OF_SIX_DIGITS = 5, 13
"""Different numbers that are all in the calendar, from which that is no chance."""


def parse_time_columns(
    frame: pd.DataFrame,
    time_format: str | None,
    report: DataReport,
    *,
    categories: Collection[str] = (),
) -> pd.DataFrame:
    """A table whose columns of times are such, with NaT where one is missing.

    Args:
        frame: Table as it is read: times are text.
        time_format: Format of times that can be read in several ways, as for `datetime.strptime`.
        report: Report of what the columns hold; it is told of those that the format fits.
        categories: Columns that stay as they are.

    Raises:
        DataError: The format fits no column.
    """
    found: dict[str, pd.Series[Any]] = {}
    is_used = False
    for column in report.columns:
        cells = frame[column.name]
        present = cells.notna()
        if column.kind == "numbers" and column.name not in categories:
            moments = _moments_of_numbers(cells[present], column.name, report)
            if moments is not None:
                column.kind, column.form = "times", moments.form
                found[column.name] = moments.moments.reindex(cells.index)
            continue
        if cells.dtype != object or not present.any() or column.name in categories:
            continue
        if time_format is not None and _fits(cells[present], time_format):
            column.kind, column.problem, is_used = "times", "", True
            times = parse_times(cells[present], key="time_format", time_format=time_format)
        elif column.kind == "times" and not column.problem:
            times = parse_times(cells[present], key="features")
        else:
            continue
        found[column.name] = times.moments.reindex(cells.index)
        column.form = times.form
        report.notes.append(f"column {column.name}: {times.form}")
        _warn_of_sentinel(times, report)
    if time_format is not None and not is_used:
        raise DataError("time_format", "fits no column of the table")
    return frame.assign(**found)


def _moments_of_numbers(numbers: "pd.Series[Any]", name: str, report: DataReport) -> Times | None:
    """Days or months that are written as numbers, such as 20261231; None: they are mere numbers."""
    times = parse_times(numbers, key="features")
    fewest = FEWEST_OF_SIX_DIGITS if numbers.max() < 1e6 else FEWEST
    if not times.is_date or numbers.nunique() < fewest:
        return None
    hint = f'"data.categories=[{override_item(name)}]" takes them for names'
    some = f"numbers like {format_cell(numbers.iloc[0])} are taken for {times.form}"
    report.warnings.append(f"column {name}: {some}; {hint}")
    return times


def _warn_of_sentinel(times: Times, report: DataReport) -> None:
    """Warns of a time that may be a sentinel, such as 9999-12-31."""
    keys = pd.Series(times.keys, index=times.cells.index)
    key = find_sentinel(keys, is_word=lambda _: True)
    if key is None:
        return
    is_it, others = keys == key, times.moments[keys != key]
    cell = str(times.cells[is_it].iloc[0])
    report.warnings.append(
        f"column {times.cells.name}: `{cell}` stands in {int(is_it.sum()):,} cells, far from all"
        f" others ({others.min()} to {others.max()});"
        f' "data.missing=[{override_item(cell)}]" takes it as missing'
    )


def _fits(cells: "pd.Series[Any]", time_format: str) -> bool:
    try:
        parse_times(cells, key="time_format", time_format=time_format)
    except DataError:
        return False
    return True


def as_seconds(values: "pd.Series[Any]") -> NDArray[np.float64]:
    """Times as numbers, NaN where one is missing."""
    is_date = pd.api.types.is_datetime64_any_dtype(values)
    alike = values.astype("datetime64[us]" if is_date else "timedelta64[us]")
    microseconds = alike.astype("int64").to_numpy().astype(np.float64)
    return np.where(values.isna(), np.nan, microseconds / 1e6)


def varying_circles(values: "pd.Series[Any]", train: RowIndex) -> list[str]:
    """The cycles of dates in which the training rows have different places; durations have none."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        return []
    seen = values.iloc[train.numpy()]
    return [name for name in CYCLES if _place(seen, name).nunique() > 1]


def cyclic_features(
    values: "pd.Series[Any]", names: Iterable[str]
) -> dict[str, Float[Tensor, "rows 2"]]:
    """Sine and cosine of the place in each cycle; 0 where the date is missing.

    Args:
        values: Dates.
        names: Some of `CYCLES`.
    """
    found = {}
    for name in names:
        angles = 2 * np.pi / CYCLES[name] * _place(values, name)
        both = torch.tensor(angles.to_numpy(dtype=np.float64))
        circle = torch.stack([both.sin(), both.cos()], dim=1)
        found[name] = circle.nan_to_num(0.0).float()
    return found


def _place(values: "pd.Series[Any]", name: str) -> "pd.Series[float]":
    moments = values.dt
    place: pd.Series[float] = getattr(moments, name).astype("float64")
    if name == "hour":
        place = place + moments.minute / 60 + moments.second / 3600
    return place
