"""Columns of a table as numbers for a model; what is learned of them, the training part teaches."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.report import Column, DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.splitting import Rows
from leyden.data.times import parse_times
from leyden.data.unreadable import Unreadable

Impute = Literal["median", "mean", "zero", "refuse"]

Encoded = Float[Tensor, "rows features"]

CYCLES = {"hour": 24.0, "day_of_week": 7.0, "day_of_year": 365.25}
"""What comes round in dates, and after how many steps."""


def encode_features(
    frame: pd.DataFrame,
    train: Rows,
    *,
    impute: Impute,
    missing_indicator: bool,
    report: DataReport,
) -> Encoded:
    """Numbers for a model, made of every column.

    Args:
        frame: The columns, of numbers, times or categories (text).
        train: Rows of the training part, of which the statistics are.
        impute: What a missing number becomes.
        missing_indicator: Whether a column of numbers with missing ones gets a second feature that
            says where.
        report: It is told what was made of each.

    Raises:
        Unreadable: A number is missing, and that is to be refused.
    """
    encoded = []
    for name, values in frame.items():
        column = report.column(str(name))
        column.role = "feature"
        if column.kind == "times":
            encoded.append(_times(values, column, train, report))
        elif pd.api.types.is_numeric_dtype(values):
            array = values.to_numpy(dtype=np.float64)
            encoded += _numbers(array, column, train, impute, missing_indicator, report)
        else:
            encoded.append(_categories(values, column, train, report))
    return torch.cat(encoded, dim=1)


def _numbers(
    array: NDArray[np.float64],
    column: Column,
    train: Rows,
    impute: Impute,
    missing_indicator: bool,
    report: DataReport,
) -> list[Encoded]:
    is_missing = np.isnan(array)
    column.made = "scaled"
    found = []
    if is_missing.any():
        filling = _filling(array[train.numpy()], column, impute)
        array = np.where(is_missing, filling, array)
        column.made += f", missing ones taken as {filling:g} ({impute})"
        report.notes.append(
            f"column {column.name}: {int(is_missing.sum()):,} missing, taken as {filling:g}"
            f" ({impute})"
        )
        if missing_indicator:
            column.made += ", and a feature that says where"
            found = [torch.tensor(is_missing).float()[:, None]]
    return [_scaled(torch.tensor(array), train), *found]


def _filling(seen: NDArray[np.float64], column: Column, impute: Impute) -> float:
    if impute == "refuse":
        words = ", ".join(f"`{word}`" for word in column.missing if word)
        such = f" ({words})" if words else ""
        message = f"column `{column.name}` has {column.num_missing:,} missing cells{such}"
        raise Unreadable("impute", f"{message}; median, mean or zero fills them")
    present = seen[~np.isnan(seen)]
    if impute == "zero" or len(present) == 0:
        return 0.0
    return float(np.median(present) if impute == "median" else present.mean())


def _scaled(numbers: Float[Tensor, " rows"], train: Rows) -> Encoded:
    mean, std = mean_and_scale(numbers[train])
    return ((numbers - mean) / std).float()[:, None]


def _categories(
    values: "pd.Series[Any]", column: Column, train: Rows, report: DataReport
) -> Encoded:
    """A feature for each value in the training part; missing is one of them."""
    texts = values.map(as_category).fillna("")
    known = sorted(texts.iloc[train.numpy()].unique().tolist())
    missing = f", {column.num_missing:,} missing" if column.num_missing else ""
    column.made = f"{len(known)} categories"
    report.notes.append(f"column {column.name}: {len(known)} categories, a feature each{missing}")
    unseen = texts[~texts.isin(known)]
    if len(unseen):
        column.made += f", {len(unseen):,} rows in none of them"
        report.notes.append(
            f"column {column.name}: {len(unseen):,} rows to validate or test have a value that no"
            f" training row has, such as `{unseen.iloc[0]}`: they are in no category"
        )
    places = {value: place for place, value in enumerate(known)}
    codes = torch.tensor([places.get(text, len(known)) for text in texts])
    return torch.nn.functional.one_hot(codes, len(known) + 1)[:, :-1].float()


def as_category(value: Any) -> Any:
    """A number as its file would have it; None and text stay as they are."""
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return str(int(value)) if value.is_integer() else str(value)
    return value


def _times(values: "pd.Series[Any]", column: Column, train: Rows, report: DataReport) -> Encoded:
    """When it was, scaled, and of dates the place in the day, the week and the year."""
    present = values.notna().to_numpy()
    times = parse_times(values[present], key="features")
    keys = np.full(len(values), np.nan)
    keys[present] = times.keys.astype(np.float64)
    found = _numbers(keys, column, train, "median", missing_indicator=False, report=report)
    column.made = "when it was"
    seen = present & np.isin(np.arange(len(values)), train.numpy())
    if times.is_date:
        for part, length in CYCLES.items():
            place = np.zeros(len(values))
            moments = times.moments.dt
            minutes = moments.minute / 60 if part == "hour" else 0
            place[present] = (getattr(moments, part) + minutes).to_numpy(dtype=np.float64)
            if len(np.unique(place[seen])) > 1:
                angles = torch.tensor(2 * np.pi * place / length)
                circle = torch.stack([angles.sin(), angles.cos()], dim=1)
                found.append((circle * torch.tensor(present)[:, None]).float())
                column.made += f", {part.replace('_', ' ')}"
    report.notes.append(f"column {column.name}: {times.form}; features: {column.made}")
    return torch.cat(found, dim=1)
