"""Columns of a table as numbers for a model, scaled by the training part alone."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.errors import DataError, differing_in_case_only, excerpt, format_cell
from leyden.data.report import Column, DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.splitting import RowIndex
from leyden.data.tables.time_features import as_seconds, cyclic_features

Impute = Literal["median", "mean", "zero", "refuse"]

Encoded = Float[Tensor, " rows"]
Feature = tuple[str, Encoded]
"""A name, and a number for each row."""


def encode_features(
    frame: pd.DataFrame,
    train: RowIndex,
    *,
    impute: Impute,
    missing_indicator: bool,
    report: DataReport,
) -> list[Feature]:
    """Numbers for a model, made of every column; features by their names.

    Args:
        frame: The columns, of numbers, times or categories (text).
        train: Rows of the training part, from which the statistics are computed.
        impute: Replacement of a missing number.
        missing_indicator: Whether a column of numbers or times with missing ones gets a feature
            more that says where.
        report: Report that is told what was made of each.

    Raises:
        DataError: A number is missing, and that is to be refused.
    """
    encoded: list[Feature] = []
    for name, values in frame.items():
        column = report.column(str(name))
        column.role = "feature"
        if column.kind == "times":
            encoded += _times(values, column, train, impute, missing_indicator)
        elif pd.api.types.is_numeric_dtype(values):
            array = values.to_numpy(dtype=np.float64)
            encoded += _numbers(array, column, train, impute, missing_indicator)
        else:
            encoded += _categories(values, column, train, report)
    return encoded


def _numbers(
    array: NDArray[np.float64],
    column: Column,
    train: RowIndex,
    impute: Impute,
    missing_indicator: bool,
) -> list[Feature]:
    is_missing = np.isnan(array)
    column.made = "scaled"
    if is_missing.any():
        filling = _filling(array[train.numpy()], column, impute)
        array = np.where(is_missing, filling, array)
        column.filled = f"{filling:g} ({impute})"
    seen = array[train.numpy()]
    if seen.min() == seen.max():
        column.made += ": 0, since it does not vary in the training rows"
    scaled = (column.name, _scaled(torch.tensor(array), train))
    return [scaled, *(_where(is_missing, column, train) if missing_indicator else [])]


def _where(is_missing: NDArray[np.bool_], column: Column, train: RowIndex) -> list[Feature]:
    """The indicator of missing cells, if some training rows have one."""
    if not is_missing[train.numpy()].any():
        return []
    column.made += ", and a feature that says where"
    return [(f"{column.name} is missing", torch.tensor(is_missing).float())]


def _filling(seen: NDArray[np.float64], column: Column, impute: Impute) -> float:
    if impute == "refuse":
        words = ", ".join(f"`{excerpt(word)}`" for word in column.missing if word)
        such = f" ({words})" if words else ""
        message = f"column `{column.name}` has {column.num_missing:,} missing cells{such}"
        raise DataError("impute", f"{message}; median, mean or zero fills them")
    present = seen[~np.isnan(seen)]
    if impute == "zero" or len(present) == 0:
        return 0.0
    return float(np.median(present) if impute == "median" else present.mean())


def _scaled(numbers: Encoded, train: RowIndex) -> Encoded:
    mean, std = mean_and_scale(numbers[train])
    return ((numbers - mean) / std).float()


def _categories(
    values: "pd.Series[Any]", column: Column, train: RowIndex, report: DataReport
) -> list[Feature]:
    """A feature for each value in the training part; missing is one of them."""
    texts = values.map(as_category).fillna("")
    known = sorted(texts.iloc[train.numpy()].unique().tolist())
    column.made = f"{len(known)} categories"
    for alike in differing_in_case_only(known):
        report.warnings.append(f"column {column.name}: {alike} differ in their case only")
    column.filled = "a category" if column.missing else ""
    unseen = texts[~texts.isin(known)]
    if len(unseen):
        column.made += f", {len(unseen):,} rows in none of them"
        report.notes.append(
            f"column {column.name}: {len(unseen):,} rows to validate or test have a value that no"
            f" training row has, such as `{excerpt(unseen.iloc[0])}`: they are in no category"
        )
    places = {value: place for place, value in enumerate(known)}
    codes = torch.tensor([places.get(text, len(known)) for text in texts])
    return [(f"{column.name}={value}", (codes == at).float()) for value, at in places.items()]


def as_category(value: Any) -> str | None:
    """A value as its file would have it; None where it is missing."""
    if pd.isna(value):
        return None
    return format_cell(value)


def _times(
    values: "pd.Series[Any]",
    column: Column,
    train: RowIndex,
    impute: Impute,
    missing_indicator: bool,
) -> list[Feature]:
    """When it was, scaled; and of dates the place in the day, the week and the year."""
    keys = as_seconds(values)
    is_missing = np.isnan(keys)
    if is_missing.any():
        are_dates = pd.api.types.is_datetime64_any_dtype(values)
        has_no_zero = impute == "zero" and are_dates
        statistic: Impute = "median" if has_no_zero else impute
        keys = np.where(is_missing, _filling(keys[train.numpy()], column, statistic), keys)
        column.filled = "zero" if statistic == "zero" else f"their {statistic}"
        column.filled += ", since a date has no zero" * has_no_zero
        column.filled += ", and no place in day, week and year" * are_dates
    circles = cyclic_features(values, train)
    column.made = ", ".join(["scaled", *(name.replace("_", " ") for name in circles)])
    found = [(column.name, _scaled(torch.tensor(keys), train))]
    for name, circle in circles.items():
        for part, place in zip(("sine", "cosine"), circle.T, strict=True):
            found.append((f"{column.name}, {part} of {name.replace('_', ' ')}", place))
    return [*found, *(_where(is_missing, column, train) if missing_indicator else [])]
