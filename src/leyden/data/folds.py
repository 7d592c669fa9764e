"""Cross-validation: the rows that are not tested are dealt out to folds, one of which validates."""

import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.errors import DataError
from leyden.data.report import DataReport

RowIndex = Int[Tensor, "_"]
KEY = "split.fold"

INSTEAD = "sweep.repeat.seed=5 repeats a run without folds"
NOT_OF_TEXT = (
    f"is not for text: windows of one text that stand side by side are not independent; {INSTEAD}"
)
NOT_IN_TIME = f"is not for series: a fold would be trained on what comes after it; {INSTEAD}"
NOT_OF_LOADERS = f"is not for loaders that are given as they are; {INSTEAD}"
VALIDATION_IS_GIVEN = (
    "is not for data that names its validation part: a fold would take its place; give these"
    f" samples the name of the training part, or leave split.fold out; {INSTEAD}"
)


@dataclass(frozen=True)
class Fold:
    """The fold that validates.

    Attributes:
        number: From 1 on.
        count: Number of folds.
    """

    number: int
    count: int

    @classmethod
    def of(cls, given: object) -> "Fold | None":
        """What the key `data.split.fold` says, such as `1/5`; None: there are no folds.

        Raises:
            DataError: It says something else.
        """
        if given is None:
            return None
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", str(given))
        if found is None:
            raise DataError(KEY, f"must be such as 1/5, the first of five; got {given}")
        number, count = int(found[1]), int(found[2])
        if count < 2 or not 1 <= number <= count:
            raise DataError(KEY, f"must be a number from 1 to {max(2, count)}, of 2 folds or more")
        return cls(number, count)

    @classmethod
    def alone(cls, given: Mapping[str, Any] | None, instead: str) -> "Fold | None":
        """The fold of a data set that takes no other key of `data.split`.

        Args:
            given: The key `data.split`.
            instead: What decides the parts of the data set.

        Raises:
            DataError: There is another key, or the fold is none.
        """
        for key in given or {}:
            if key != "fold":
                raise DataError(f"split.{key}", f"is not taken; {instead}")
        return cls.of((given or {}).get("fold"))


def reject_given_validation(fold: Fold | None, given: Collection[object]) -> None:
    """Raises `DataError` for folds where `val` is among the names that the data gives its parts."""
    if fold is not None and "val" in given:
        raise DataError(KEY, VALIDATION_IS_GIVEN)


def with_fold(
    parts: list[RowIndex],
    fold: Fold | None,
    report: DataReport,
    *,
    labels: RowIndex | None = None,
    groups: RowIndex | None = None,
) -> list[RowIndex]:
    """The parts with another validation part: a fold of the rows that are not tested.

    The folds are those of scikit-learn's `KFold`, or `StratifiedKFold` with labels, `GroupKFold`
    with groups, `StratifiedGroupKFold` with both, on these rows in their order, shuffled with
    `random_state=0`.

    Args:
        parts: Rows to train, validate and test on.
        fold: The fold; None: the parts stay.
        report: Report that is told of it.
        labels: Class of each row, of which each fold then has its share.
        groups: Group of each row; all rows of a group are in one fold.

    Raises:
        DataError: There are too few rows or groups for the folds.
    """
    if fold is None:
        return parts
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    pool = torch.cat(parts[:2]).sort().values
    what = "rows" if groups is None else "groups"
    units = len(pool) if groups is None else len(torch.unique(groups[pool]))
    if units < fold.count:
        raise DataError(KEY, f"{fold.count} folds need as many {what}; there are {units}")
    kinds = {
        (False, False): KFold,
        (True, False): StratifiedKFold,
        (False, True): GroupKFold,
        (True, True): StratifiedGroupKFold,
    }
    kind = kinds[labels is not None, groups is not None]
    folds = kind(fold.count, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class")  # the report says it
        chosen = _chosen(folds, fold, pool, labels, groups)
    report.split = f"{report.split}; fold {fold.number} of {fold.count} validates"
    if labels is not None and (few := int(torch.bincount(labels[pool]).clamp_min(1).min())) < (
        fold.count
    ):
        report.warnings.append(f"a class has {few} rows for {fold.count} folds: some have none")
    is_chosen = torch.zeros(len(pool), dtype=torch.bool)
    is_chosen[torch.from_numpy(chosen)] = True
    return [pool[~is_chosen], pool[is_chosen], parts[2]]


def _chosen(
    folds: object,
    fold: Fold,
    pool: RowIndex,
    labels: RowIndex | None,
    groups: RowIndex | None,
) -> NDArray[np.int64]:
    classes, own = (None if one is None else one[pool].numpy() for one in (labels, groups))
    try:
        pairs = list(folds.split(np.zeros(len(pool)), classes, own))  # type: ignore[attr-defined]
    except ValueError as error:
        raise DataError(KEY, str(error)) from error
    return np.asarray(pairs[fold.number - 1][1])
