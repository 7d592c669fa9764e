"""The target of a table: classes or numbers, as its column says."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from jaxtyping import Shaped
from torch import Tensor

from leyden.data.errors import DataError, differing_in_case_only, excerpt
from leyden.data.folds import RowIndex
from leyden.data.parsing.cells import PROGRAMS_MISSING_WORDS, override_item
from leyden.data.report import Column, DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.spec import Spec

TableTask = Literal["classification", "regression"]

FEWEST_ROWS = 20
"""So that three of them validate: R^2 needs two."""

MOST_CLASSES_OF_NUMBERS = 20
"""A column of whole numbers with no more different values than this is taken for classes."""


@dataclass(frozen=True)
class Target:
    """The column to predict, in rows that have it.

    Attributes:
        name: Name of the column.
        values: Index of each class in `class_names`, or numbers in 64 bits.
        class_names: Names of the classes, sorted; empty for numbers.
    """

    name: str
    values: Shaped[Tensor, " rows"]
    class_names: tuple[str, ...]

    @property
    def labels(self) -> RowIndex | None:
        """Class of each row, where they are classes."""
        return self.values if self.class_names else None

    def scaled(self, train: RowIndex, feature_names: tuple[str, ...]) -> tuple[Spec, Tensor]:
        """The spec of the table, and what is learned.

        Args:
            train: Rows whose mean and deviation scale numbers.
            feature_names: Names of the numbers that each row has.
        """
        if self.class_names:
            spec = Spec(
                "table",
                (len(feature_names),),
                len(self.class_names),
                task="classification",
                feature_names=feature_names,
                class_names=self.class_names,
            )
            return spec, self.values
        mean, std = map(float, mean_and_scale(self.values[train]))
        spec = Spec(
            "table",
            (len(feature_names),),
            1,
            task="regression",
            feature_names=feature_names,
            target_name=self.name,
            target_mean=mean,
            target_std=std,
        )
        return spec, ((self.values - mean) / std).float()[:, None]


def rows_with_target(frame: pd.DataFrame, column: Column, report: DataReport) -> pd.DataFrame:
    """The rows of a table that have a target.

    Args:
        frame: The table.
        column: Report of the target.
        report: Report that is told how many are left out.

    Raises:
        DataError: There are too few.
    """
    for word, count in column.missing.items():
        reason = f"without {column.name}" if not word else f"{column.name} is `{word}`"
        report.rows_left_out[reason] = count
    frame = frame[frame[column.name].notna()].reset_index(drop=True)
    require_enough_rows(frame, "rows with a target")
    return frame


def require_enough_rows(frame: pd.DataFrame, what: str) -> None:
    """Raises `DataError` where a table has too few rows to be split."""
    if len(frame) < FEWEST_ROWS:
        message = f"{len(frame)} {what} are too few; at least {FEWEST_ROWS}"
        raise DataError("path", message)


def read_target(
    values: "pd.Series[Any]", column: Column, task: TableTask | None, report: DataReport
) -> Target:
    """The target of rows that have one.

    Args:
        values: Values as `read_table` gives them, without missing ones.
        column: Report of the column.
        task: Task that the user wants; None: the column decides.
        report: Report that is told what was guessed.

    Raises:
        DataError: It is not clear what it holds, or nothing can be learned from it.
    """
    guessed = task is None
    task = task or _guessed_task(values, column)
    if task == "regression":
        target = _numbers(values, column)
    else:
        target = _classes(values, column.name, report)
    what = f"{len(target.class_names)} classes" if target.class_names else "numbers"
    column.role, column.made, column.reason = "target", what, ""
    if guessed:
        report.notes.insert(
            0, f"the target {column.name} is taken for {what}{_other_way(values, task)}"
        )
    return target


def _other_way(values: "pd.Series[Any]", task: TableTask) -> str:
    """What to type where a target of numbers was guessed wrongly."""
    if task == "regression":
        return "; data.task=classification takes it for classes"
    is_numeric = pd.api.types.is_numeric_dtype(values)
    return "; data.task=regression takes it for numbers" if is_numeric else ""


def _guessed_task(values: "pd.Series[Any]", column: Column) -> TableTask:
    """Few whole numbers, or names, are classes.

    Raises:
        DataError: The cells seem to be numbers, but are not: however few there are, they are more
            likely numbers or a slip than classes.
    """
    if column.problem:
        hint = "data.task=classification takes each text for a class"
        raise DataError("target", f"column `{column.name}`: {column.problem}; {hint}")
    if not pd.api.types.is_numeric_dtype(values):
        if values.nunique() > max(MOST_CLASSES_OF_NUMBERS, len(values) / 2):
            what = "times" if column.kind == "times" else "texts"
            reason = f"has {values.nunique():,} different {what}, too many for classes"
            hint = "data.task=classification takes them all the same"
            why = f" ({column.reason})" if column.reason else ""
            raise DataError("target", f"column `{column.name}` {reason}{why}; {hint}")
        return "classification"
    is_whole = bool((values % 1 == 0).all())
    few = values.nunique() <= MOST_CLASSES_OF_NUMBERS
    return "classification" if is_whole and few else "regression"


def _numbers(values: "pd.Series[Any]", column: Column) -> Target:
    if column.problem:
        raise DataError("target", f"column `{column.name}`: {column.problem}")
    if not pd.api.types.is_numeric_dtype(values):
        reason = f" ({column.reason})" if column.reason else ""
        message = f"column `{column.name}` holds {column.kind}, no numbers to regress on{reason}"
        raise DataError("task", message)
    if values.nunique() < 2:
        one = f"{values.iloc[0]:g}"
        raise DataError("target", f"column `{column.name}` has one value only, {one}")
    return Target(column.name, torch.tensor(values.to_numpy(dtype=np.float64)), ())


def _classes(values: "pd.Series[Any]", name: str, report: DataReport) -> Target:
    if pd.api.types.is_numeric_dtype(values):
        is_whole = bool((values % 1 == 0).all())
        found = sorted(values.unique().tolist())
        names = [str(int(value)) if is_whole else str(value) for value in found]
    else:
        values = values.astype(str)
        found = sorted(values.unique(), key=_in_order)
        names = list(found)
    if len(names) < 2:
        raise DataError("target", f"column `{name}` has one value only, `{excerpt(names[0])}`")
    codes = values.map({value: code for code, value in enumerate(found)})
    for one in names:
        if one.lower() in PROGRAMS_MISSING_WORDS:
            rows = int((values == one).sum())
            report.warnings.append(
                f"class `{one}` has {rows:,} rows, and may stand for a missing value;"
                f' "data.missing=[{override_item(one)}]" leaves them out'
            )
    report.warnings += [
        f"classes {alike} differ in their case only" for alike in differing_in_case_only(names)
    ]
    return Target(name, torch.tensor(codes.to_numpy(), dtype=torch.long), tuple(names))


def _in_order(name: str) -> tuple[bool, float, str]:
    """Whole numbers come before names, in the order of their size."""
    is_number = name.isdecimal()
    return (not is_number, float(name) if is_number else 0.0, name)
