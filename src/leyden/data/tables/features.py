"""What is learned from the training rows of a table, so that its columns become numbers."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from leyden.data.errors import DataError, differing_in_case_only, excerpt
from leyden.data.folds import RowIndex
from leyden.data.parsing.known_format import first_year_of
from leyden.data.report import Column, DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.tables.encoders import (
    CategoryEncoder,
    Encoder,
    NumberEncoder,
    Scaling,
    TimeEncoder,
)
from leyden.data.tables.encoding import as_category
from leyden.data.tables.time_features import as_seconds, varying_circles

Impute = Literal["median", "mean", "zero", "refuse"]


def fit_encoders(
    frame: pd.DataFrame,
    train: RowIndex,
    *,
    impute: Impute,
    missing_indicator: bool,
    report: DataReport,
) -> list[Encoder]:
    """The encoders of all columns.

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
    encoders: list[Encoder] = []
    for name, values in frame.items():
        column = report.column(str(name))
        column.role = "feature"
        if column.kind == "times":
            encoders.append(_times(values, column, train, impute, missing_indicator))
        elif pd.api.types.is_numeric_dtype(values):
            array = values.to_numpy(dtype=np.float64)
            encoders.append(_numbers(array, column, train, impute, missing_indicator))
        else:
            encoders.append(_categories(values, column, train, report))
    return encoders


def _numbers(
    array: NDArray[np.float64],
    column: Column,
    train: RowIndex,
    impute: Impute,
    missing_indicator: bool,
) -> NumberEncoder:
    column.made = "scaled"
    filling = _filling(array, column, train, impute)
    if np.isnan(array).any():
        column.filled = f"{filling:g} ({impute})"
    seen = _filled(array, filling)[train.numpy()]
    if seen.min() == seen.max():
        column.made += ": 0, since it does not vary in the training rows"
    scaling = _scaling(array, filling, column, train, missing_indicator)
    return NumberEncoder(name=column.name, scaling=scaling, unit=column.unit)


def _scaling(
    array: NDArray[np.float64],
    filling: float | None,
    column: Column,
    train: RowIndex,
    missing_indicator: bool,
) -> Scaling:
    """Mean and deviation of the filled training rows; an indicator only if some of them need it."""
    mean, std = map(float, mean_and_scale(torch.tensor(_filled(array, filling))[train]))
    has_indicator = missing_indicator and bool(np.isnan(array[train.numpy()]).any())
    if has_indicator:
        column.made += ", and a feature that says where"
    return Scaling(filling=filling, mean=mean, std=std, has_indicator=has_indicator)


def _filled(array: NDArray[np.float64], filling: float | None) -> NDArray[np.float64]:
    return array if filling is None else np.where(np.isnan(array), filling, array)


def _filling(
    array: NDArray[np.float64], column: Column, train: RowIndex, impute: Impute
) -> float | None:
    """The replacement of missing numbers, of those that come later too."""
    if impute == "refuse":
        if np.isnan(array).any():
            words = ", ".join(f"`{excerpt(word)}`" for word in column.missing if word)
            such = f" ({words})" if words else ""
            message = f"column `{column.name}` has {column.num_missing:,} missing cells{such}"
            raise DataError("impute", f"{message}; median, mean or zero fills them")
        return None
    seen = array[train.numpy()]
    present = seen[~np.isnan(seen)]
    if impute == "zero" or len(present) == 0:
        return 0.0
    return float(np.median(present) if impute == "median" else present.mean())


def _categories(
    values: "pd.Series[Any]", column: Column, train: RowIndex, report: DataReport
) -> CategoryEncoder:
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
    return CategoryEncoder(
        name=column.name,
        known=tuple(known),
        are_numbers=column.kind == "categories" and column.were_numbers,
        ignores_case=column.kind == "flags",
    )


def _times(
    values: "pd.Series[Any]",
    column: Column,
    train: RowIndex,
    impute: Impute,
    missing_indicator: bool,
) -> TimeEncoder:
    keys = as_seconds(values)
    are_dates = pd.api.types.is_datetime64_any_dtype(values)
    has_no_zero = impute == "zero" and are_dates
    statistic: Impute = "median" if has_no_zero else impute
    filling = _filling(keys, column, train, statistic)
    if np.isnan(keys).any():
        column.filled = "zero" if statistic == "zero" else f"their {statistic}"
        column.filled += ", since a date has no zero" * has_no_zero
        column.filled += ", and no place in day, week and year" * are_dates
    circles = varying_circles(values, train)
    column.made = ", ".join(["scaled", *(name.replace("_", " ") for name in circles)])
    scaling = _scaling(keys, filling, column, train, missing_indicator)
    return TimeEncoder(
        name=column.name,
        scaling=scaling,
        circles=tuple(circles),
        form=column.form,
        first_year=first_year_of(values) if "%y" in column.form else None,
    )
