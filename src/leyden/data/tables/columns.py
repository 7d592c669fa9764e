"""The choice of the columns that a model may see, and why the others are left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError
from leyden.data.parsing.cells import override_item
from leyden.data.parsing.table_file import column_of
from leyden.data.report import Column, DataReport
from leyden.data.tables.encoding import as_category
from leyden.data.tables.leaks import FEWEST_ROWS, Leak, RowNumbers, TrainingRows, find_leaks
from leyden.data.tables.time_features import as_seconds


@dataclass(frozen=True, kw_only=True)
class ColumnChoice:
    """The columns to predict from, as far as the user says it.

    Attributes:
        features: Names of the columns; None: all that can be used.
        categories: Columns whose numbers are names.
        max_categories: Largest number of different values of a column of text.
    """

    features: Sequence[str] | None
    categories: Collection[str]
    max_categories: int

    def of(
        self, frame: pd.DataFrame, train: RowNumbers, rows: TrainingRows, report: DataReport
    ) -> pd.DataFrame:
        """The columns; what the user names is used, with a warning where it leaks.

        Args:
            frame: The table.
            train: The training rows, which alone decide.
            rows: Order and target of the training rows.
            report: Report that is told which columns are left out, and why.

        Raises:
            DataError: A column that is named can't be used, a column of numbers has cells that
                are none, or no column is left.
        """
        for name in self.categories:
            column_of(frame, name, key="categories")
        used: dict[str, pd.Series[Any]] = {}
        leaking: dict[str, pd.Series[Any]] = {}
        for name in self._candidates(report):
            values, column = self._column(frame, name, report)
            seen = values.iloc[train]
            column.reason = _why_unusable(column, seen, self.max_categories)
            self._require_readable(column)
            if column.reason:
                continue
            leaks = find_leaks(name, column.kind, _comparable(seen, column), rows)
            if self.features is None and leaks and leaks[0].is_sure:
                column.reason, leaking[name] = leaks[0].reason, values
            else:
                used[name] = values
                report.warnings += [self._warning(name, one) for one in leaks[:1]]
        numbers = {
            name: values.to_numpy(dtype="float64")[train]
            for name, values in used.items()
            if report.column(name).kind == "numbers"
        }
        for sum_of in find_sums(numbers, rows):
            hint = "if they are not known beforehand, leave them out of data.features"
            report.warnings.append(f"columns {sum_of} is {rows.target_name} in each row; {hint}")
        if not used and not leaking:
            raise DataError("features", "no column is left to predict from")
        _warn_of_leaking(leaking, report, are_used=not used)
        return pd.DataFrame(used or leaking)

    def _candidates(self, report: DataReport) -> list[str]:
        others = [one for one in report.columns if one.role == "left out"]
        if self.features is None:
            return [one.name for one in others]
        for column in others:
            column.reason = "" if column.name in self.features else "not in data.features"
        return list(dict.fromkeys(self.features))

    def _column(
        self, frame: pd.DataFrame, name: str, report: DataReport
    ) -> "tuple[pd.Series[Any], Column]":
        values = column_of(frame, name, key="features")
        column = report.column(name)
        if name in self.categories:
            column.were_numbers = pd.api.types.is_numeric_dtype(values)
            column.kind, column.problem = "categories", ""
            values = values.map(as_category).astype(object)
        return values, column

    def _require_readable(self, column: Column) -> None:
        """Raises `DataError` for a named column that is left out, or one with a problem."""
        if column.reason and self.features is not None:
            raise DataError("features", f"column `{column.name}` {column.reason}")
        if column.problem and not column.reason:
            key = "path" if self.features is None else "features"
            hint = f'"data.categories=[{override_item(column.name)}]" takes all for categories'
            raise DataError(key, f"column `{column.name}`: {column.problem}; {hint}")

    def _warning(self, name: str, leak: Leak) -> str:
        if leak.is_sure:
            return f"column {name} {leak.reason}; it is used, since data.features names it"
        hint = "if it is not known beforehand, leave it out of data.features"
        return f"column {name} {leak.reason}; {hint}"


def _warn_of_leaking(names: Collection[str], report: DataReport, *, are_used: bool) -> None:
    """Warns of columns that are left out, or of a table that has no others."""
    for name in names:
        column = report.column(name)
        if are_used:
            report.warnings.append(f"column {name} {column.reason}; it is used, for want of others")
            column.reason = ""
        else:
            report.warnings.append(
                f"column {name} {column.reason}: left out, unless data.features names it"
            )


def _why_unusable(column: Column, seen: "pd.Series[Any]", max_categories: int) -> str:
    """Why a column can't be used, after its name; empty where it can."""
    if column.role == "target":
        return "is the target"
    if seen.isna().all():
        return "is empty" if column.kind == "empty" else "is empty in the training rows"
    if column.kind == "times":
        return column.problem and f"holds times: {column.problem}"
    is_text = not column.problem and column.kind != "numbers"
    if is_text and seen.nunique() > max_categories:
        what = "categories" if column.kind == "categories" else "texts"
        return f"has {column.distinct:,} different {what} (data.max_categories)"
    return ""


def _comparable(values: "pd.Series[Any]", column: Column) -> "pd.Series[Any]":
    """Times as numbers, others as they are."""
    if column.kind != "times":
        return values
    return pd.Series(as_seconds(values), index=values.index)


MOST_PAIRED = 200
"""Columns of which all pairs are tried."""


def find_sums(columns: Mapping[str, NDArray[np.float64]], rows: TrainingRows) -> list[str]:
    """Pairs of columns whose sum or difference is the number to predict, in words.

    Args:
        columns: Numbers of each column in the training rows.
        rows: The training rows.
    """
    if rows.has_classes or len(rows.places) < FEWEST_ROWS or len(columns) > MOST_PAIRED:
        return []
    found = []
    halves = {name: array / 2 for name, array in columns.items()}  # so that no sum overflows
    target = rows.target / 2
    for (one, first), (other, second) in combinations(halves.items(), 2):
        sums = {f"{one} + {other}": (first, second), f"{one} - {other}": (first, -second)}
        sums[f"{other} - {one}"] = (second, -first)
        for words, (left, right) in sums.items():
            size = max(abs(left[0]), abs(right[0]))
            is_near = abs(left[0] + right[0] - target[0]) <= 1e-6 * size  # most end here
            if is_near and np.allclose(left + right, target, rtol=1e-6, atol=0):
                found.append(words)
    return found
