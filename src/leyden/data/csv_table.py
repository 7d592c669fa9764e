"""A table of the user's: classes or numbers from the other columns of a row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from leyden.data.csv_file import Decimal, Separator, column_of, read_csv
from leyden.data.datamodule import DataModule
from leyden.data.parts import Parts
from leyden.data.report import DataReport
from leyden.data.scaling import mean_and_scale
from leyden.data.spec import Kind, Spec
from leyden.data.splitting import drawn, sizes_of
from leyden.data.table import Rows
from leyden.data.unreadable import Unreadable
from leyden.ranges import PositiveInt

FEWEST_ROWS = 20
"""So that three of them validate: R^2 needs two."""

MOST_CLASSES_OF_NUMBERS = 20
"""A column of whole numbers with no more different values than this is taken for classes."""


class CSVTable(DataModule):
    """Rows of a CSV file: 70 % train, 15 % validate, 15 % test, drawn once for all runs.

    Numbers are scaled by their mean and deviation in the training part; a missing one becomes the
    training part's median. Each value of a column of text becomes a feature of its own, a missing
    one too. Rows without a target are left out.

    Args:
        path: The file; its first row names the columns.
        target: The column to predict.
        features: The columns to predict it from; None: all others that can be used.
        task: None: columns of text and of few whole numbers are classes, others numbers.
        separator: Between cells; None: what the first row has most.
        decimal: What stands before the decimals of a number.
        max_categories: Different values of a column of text. With more of them it names rows rather
            than describes them.
        shared: Those of `DataModule`.
    """

    kind: ClassVar[Kind] = "table"

    def __init__(
        self,
        *,
        path: str,
        target: str,
        features: tuple[str, ...] | None = None,
        task: Literal["classification", "regression"] | None = None,
        separator: Separator | None = None,
        decimal: Decimal = "point",
        max_categories: PositiveInt = 50,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = path
        self.target = target
        self.features = features
        self.wanted_task = task
        self.separator = separator
        self.decimal = decimal
        self.max_categories = max_categories

    def source_files(self) -> Sequence[Path]:
        return (Path(self.path).expanduser(),)

    def load(self) -> Parts:
        frame = read_csv(self.path, self.separator, self.decimal)
        target = column_of(frame, self.target, key="target")
        notes = []
        if target.isna().any():
            notes.append(f"rows without {self.target}, left out: {int(target.isna().sum())}")
            frame = frame[target.notna()].reset_index(drop=True)
            target = frame[self.target]
        if len(frame) < FEWEST_ROWS:
            message = f"{len(frame)} rows with a target are too few; at least {FEWEST_ROWS}"
            raise Unreadable("path", message)
        train, val, test = drawn(len(frame), sizes_of(len(frame), (0.7, 0.15, 0.15)))
        columns, more_notes = self._usable_columns(frame)
        inputs, still_more = encode_features(frame[columns], train)
        spec, targets = self._encode_target(target, train, inputs.shape[1])
        what = f"{spec.num_outputs} classes" if spec.class_names else "numbers"
        notes.insert(0, f"target {self.target}: {what}; data.task says otherwise")
        train_rows, val_rows, test_rows = (
            Rows(inputs[rows], targets[rows]) for rows in (train, val, test)
        )
        report = DataReport(notes=[*notes, *more_notes, *still_more])
        return Parts(spec, train_rows, val_rows, test_rows, report)

    def _usable_columns(self, frame: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Columns to predict from, and notes on those left out."""
        chosen = self.features if self.features is not None else frame.columns.drop(self.target)
        usable, notes = [], []
        for name in chosen:
            column = column_of(frame, name, key="features")
            reason = self._why_unusable(name, column)
            if reason is None:
                usable.append(name)
            elif self.features is not None:
                raise Unreadable("features", f"column `{name}` {reason}")
            else:
                notes.append(f"column {name} is left out: it {reason}")
        if not usable:
            raise Unreadable("features", "no column is left to predict from")
        return usable, notes

    def _why_unusable(self, name: str, column: "pd.Series[Any]") -> str | None:
        if name == self.target:
            return "is the target"
        if column.nunique() == 0:
            return "is empty"
        if not is_number(column) and column.nunique() > self.max_categories:
            return f"has {column.nunique():,} different texts (data.max_categories)"
        return None

    def _encode_target(
        self, column: "pd.Series[Any]", train: Tensor, num_features: int
    ) -> tuple[Spec, Tensor]:
        task = self.wanted_task or guessed_task(column, self.target)
        if task == "classification":
            if is_number(column) and (column % 1 == 0).all():
                column = column.astype(int)  # a missing value made them 1.0, 2.0, ...
            names = sorted(column.unique().tolist(), key=lambda name: (isinstance(name, str), name))
            if len(names) < 2:
                raise Unreadable("target", f"column `{self.target}` has one value only")
            codes = column.map({name: code for code, name in enumerate(names)})
            labels = tuple(str(name) for name in names)
            spec = Spec("table", (num_features,), len(names), task=task, class_names=labels)
            return spec, torch.tensor(codes.to_numpy(), dtype=torch.long)
        if not is_number(column):
            raise Unreadable("task", f"column `{self.target}` holds text, no numbers to regress on")
        numbers = torch.tensor(column.to_numpy(dtype=np.float64))
        mean, std = map(float, mean_and_scale(numbers[train]))
        spec = Spec(
            "table",
            (num_features,),
            1,
            task=task,
            target_name=self.target,
            target_mean=mean,
            target_std=std,
        )
        return spec, ((numbers - mean) / std).float()[:, None]


def is_number(column: "pd.Series[Any]") -> bool:
    """Whether a column holds numbers; true and false are two names."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def guessed_task(column: "pd.Series[Any]", name: str) -> Literal["classification", "regression"]:
    """Few whole numbers, or names, are classes.

    Raises:
        Unreadable: Most cells are numbers, but not all: more likely a slip than classes.
    """
    if not is_number(column):
        is_odd = pd.to_numeric(column.astype(str), errors="coerce").isna()
        if is_odd.mean() < 0.5 and column.nunique() > MOST_CLASSES_OF_NUMBERS:
            message = f"column `{name}` holds numbers and `{column[is_odd].iloc[0]}`; mend it, or"
            raise Unreadable("target", f"{message} type data.task=classification")
        if column.nunique() > max(MOST_CLASSES_OF_NUMBERS, len(column) / 2):
            message = (
                f"column `{name}` has {column.nunique()} different texts, too many for classes"
            )
            raise Unreadable("target", f"{message}; data.decimal=comma reads 1,5 as a number")
        return "classification"
    is_whole = bool((column % 1 == 0).all())
    few = column.nunique() <= MOST_CLASSES_OF_NUMBERS
    return "classification" if is_whole and few else "regression"


def encode_features(frame: pd.DataFrame, train: Tensor) -> tuple[Tensor, list[str]]:
    """Numbers for a model, made of every column; and notes on what was made of them.

    Args:
        frame: The columns.
        train: Rows of the training part, of which the statistics are.
    """
    encoded, notes = [], []
    for name, column in frame.items():
        seen = column.iloc[train.numpy()]
        num_missing = int(column.isna().sum())
        if is_number(column):
            median = 0.0 if seen.isna().all() else float(seen.median())
            numbers = torch.tensor(column.fillna(median).to_numpy(dtype=np.float64))
            mean, std = mean_and_scale(numbers[train])
            encoded.append(((numbers - mean) / std).float()[:, None])
            if num_missing:
                notes.append(f"column {name}: {num_missing} missing, taken as {median:g} (median)")
        else:
            texts = column.astype("string").fillna("")
            values = sorted(texts.iloc[train.numpy()].unique().tolist())
            encoded.append(torch.tensor(np.stack([texts == v for v in values], axis=1)).float())
            missing = f", {num_missing} missing" if num_missing else ""
            notes.append(f"column {name}: {len(values)} categories, a feature each{missing}")
    return torch.cat(encoded, dim=1), notes
