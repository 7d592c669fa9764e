"""Columns of files that say what their values are: numbers, flags, times or text."""

import math
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.column_types import typed
from leyden.data.number_form import LARGEST_EXACT, NumberForm
from leyden.data.report import Column, DataReport


def typed_values(
    values: "pd.Series[Any]", missing: frozenset[str], report: DataReport
) -> "pd.Series[Any]":
    """A column as `read_table` gives it, of one that has a type already.

    Args:
        values: Of the column; None, NaN and pandas' NA are missing.
        missing: What the user says is missing.
        report: It is told what the column is.
    """
    name, dtype = str(values.name), values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        texts = values.astype(object).map({True: "True", False: "False"})
        return typed(name, _cells(texts), (), NumberForm(), missing, report)
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        report.columns.append(_described(values.rename(name), "times"))
        return values.rename(name)
    if pd.api.types.is_integer_dtype(dtype) and not _is_exact(values):
        # As a text file's would be: more digits than a floating-point number keeps.
        return typed(name, _cells(values.astype(object)), (), NumberForm(), missing, report)
    if pd.api.types.is_numeric_dtype(dtype):
        return _numbers(values.astype("Float64").rename(name), missing, report)
    return typed(name, _cells(values.astype(object)), (), NumberForm(), missing, report)


def _cells(values: "pd.Series[Any]") -> list[str]:
    return ["" if pd.isna(value) else str(value).strip() for value in values]


def _is_exact(values: "pd.Series[Any]") -> bool:
    present = values.dropna()
    return present.empty or max(int(present.max()), -int(present.min())) <= LARGEST_EXACT


def _numbers(
    values: "pd.Series[Any]", missing: frozenset[str], report: DataReport
) -> "pd.Series[float]":
    array = values.to_numpy(dtype=np.float64, na_value=math.nan, copy=True)
    absent: dict[str, int] = {}
    said = {float(word) for word in missing if NumberForm().is_number(word)}
    for word, is_it in [
        ("", np.isnan(array)),
        ("inf", np.isinf(array)),
        *((f"{number:g}", array == number) for number in sorted(said)),
    ]:
        if is_it.any():
            absent[word] = int(is_it.sum())
            array[is_it] = math.nan
    found = pd.Series(array, name=values.name)
    column = _described(found, "numbers" if found.notna().any() else "empty")
    column.missing = absent
    report.columns.append(column)
    return found


def _described(values: "pd.Series[Any]", kind: str) -> Column:
    present = values.dropna()
    example = "" if present.empty else str(present.iloc[0])
    column = Column(str(values.name), kind, example=example, distinct=int(present.nunique()))
    column.missing = {"": len(values) - len(present)} if len(present) < len(values) else {}
    return column
