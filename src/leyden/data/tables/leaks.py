"""Columns that carry the order of the rows or the target: they predict well, and teach nothing."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEWEST_ROWS = 20
"""Number of rows below which what is found could be chance."""

DETERMINED = 0.999
"""Share of rows whose class a value tells, from which it tells them all but for slips."""

SURE = 4.0
"""Standard deviations from what chance would give."""

ID_NAME = re.compile(
    r"(?:.*[_\s.-])?(?:id|ids|uid|uuid|guid|index|idx|row|rownames?|row_?num(?:ber)?|key|nr|no)|#"
    r"|unnamed: \d+|__index_level_\d+__"
)
CAMEL_ID_NAME = re.compile(r".*[a-z](?:Id|ID|Index|Key)")
"""Names that columns have which name rows."""

YEARS = (1700, 2100)
NITRIC_OXIDE = "NO"
"""A name of measurements, not short for number."""

MADE_NAME = re.compile(
    r"(?:.*_)?(?:pred|preds|predicted|prediction|predictions|y_?hat|proba)(?:_.*)?"
)
"""Names that columns have which a model has made."""

NEARLY_ONE = 0.999
"""A correlation with the target from which a column is likely to be made from it."""

RowNumbers = NDArray[np.intp]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Leak:
    """A reason to suspect a column.

    Attributes:
        reason: Reason, such as "numbers the rows".
        is_sure: Whether it is to be left out; otherwise it may be a good feature.
    """

    reason: str
    is_sure: bool


@dataclass(frozen=True)
class TrainingRows:
    """The training rows, in the order of the file.

    Attributes:
        places: Place of each row in the file.
        num_in_file: Number of rows of the file.
        target: Class of each row, or its number.
        target_name: Name of the column to predict.
        has_classes: Whether it is to be told which class a row has.
    """

    places: RowNumbers
    num_in_file: int
    target: NDArray[Any]
    target_name: str
    has_classes: bool

    @property
    def num_classes(self) -> int:
        """Different classes; 0 of numbers."""
        return len(np.unique(self.target)) if self.has_classes else 0

    @property
    def are_sorted(self) -> bool:
        """Whether rows of a class follow one another far more often than chance would have it."""
        if not self.has_classes:
            return False
        shares = np.bincount(self.target) / len(self.target)
        apart = 1 - float((shares**2).sum())
        pairs = len(self.target) - 1
        changes = int((np.diff(self.target) != 0).sum())
        return apart * pairs - changes > SURE * math.sqrt(pairs * apart * (1 - apart))


def find_leaks(name: str, kind: str, values: "pd.Series[Any]", rows: TrainingRows) -> list[Leak]:
    """What speaks against a column; what is sure comes first.

    Args:
        name: Name of the column.
        kind: Kind of its cells, see `Column`.
        values: Cells in the training rows: numbers, times as numbers, or text.
        rows: The training rows.
    """
    if len(rows.places) < FEWEST_ROWS:
        return []
    is_number = pd.api.types.is_numeric_dtype(values)
    found: list[Leak] = []
    if is_number:
        present = values.notna().to_numpy()
        array = values.to_numpy(dtype=np.float64)[present]
        found += _by_numbers(array, kind, _only(rows, present))
    else:
        found += _by_texts(values)
    found += _by_values(values, rows)
    found += _by_name(name, values, rows)
    return sorted(found, key=lambda one: not one.is_sure)


def _only(rows: TrainingRows, kept: NDArray[np.bool_]) -> TrainingRows:
    return TrainingRows(
        rows.places[kept], rows.num_in_file, rows.target[kept], rows.target_name, rows.has_classes
    )


def _by_name(name: str, values: "pd.Series[Any]", rows: TrainingRows) -> Iterator[Leak]:
    is_number = pd.api.types.is_numeric_dtype(values)
    is_name = not is_number or bool((values.dropna() % 1 == 0).all())
    is_name = is_name and name != NITRIC_OXIDE
    if is_name and (ID_NAME.fullmatch(name.lower()) or CAMEL_ID_NAME.fullmatch(name)):
        distinct = values.nunique()
        if distinct == len(values):
            yield Leak("names the rows, as its name says", True)
        elif 10 * distinct > len(values):
            yield Leak("says which rows belong together: data.split.by can keep them so", False)
    target = rows.target_name.lower()
    if len(target) > 2 and target in name.lower():
        yield Leak("is called like the target: was it made from it?", False)
    elif MADE_NAME.fullmatch(name.lower()):
        yield Leak("is called like what a model has predicted", False)


def _by_numbers(array: NDArray[np.float64], kind: str, rows: TrainingRows) -> Iterator[Leak]:
    if len(array) < FEWEST_ROWS or array.min() == array.max():
        return
    if kind == "numbers":
        is_index = _may_be_index(array)
        if _counts_rows(array, rows):
            how = "numbers the rows" if is_index else "goes by the same step from row to row"
            yield Leak(how, is_index)
        elif is_index and _is_numbering(array, rows):
            yield Leak("numbers the rows in another order", True)
    if not rows.has_classes:
        yield from _by_target_number(array, rows)
    elif rows.are_sorted and _follows_order(array, rows):
        yield Leak("follows the order of the rows, which are sorted by class", True)
    elif _separates(array, rows):
        yield Leak("tells the class of each training row alone", False)


def _by_target_number(array: NDArray[np.float64], rows: TrainingRows) -> Iterator[Leak]:
    if np.array_equal(array, rows.target):
        yield Leak("is the target", True)
    elif _same_order(array, rows.target):
        yield Leak("puts the training rows into the same order as the target", False)
    elif (alike := _strongest_correlation(array, rows.target)) > NEARLY_ONE:
        yield Leak(f"nearly is the target in other numbers (correlation {alike:.5f})", False)
    elif _follows_row_order(array, rows):
        yield Leak("follows the order of the rows, as the target does", False)


def _may_be_index(array: NDArray[np.float64]) -> bool:
    """Whether numbers are whole, and not all of them years: others measure where or when."""
    are_years = YEARS[0] <= array.min() and array.max() <= YEARS[1]
    return bool((array % 1 == 0).all()) and not are_years


def _counts_rows(array: NDArray[np.float64], rows: TrainingRows) -> bool:
    """Whether it goes up or down by the same step from row to row, but for some new beginnings."""
    steps, gaps = np.diff(array), np.diff(rows.places)
    step = float(np.median(steps / gaps))
    if step == 0:
        return False
    off = np.abs(steps - step * gaps) > 1e-6 * abs(step) * gaps + 1e-9 * np.abs(array[1:])
    pieces = int(off.sum()) + 1
    return pieces <= rows.num_classes + 2 and 10 * pieces <= len(array)


def _is_numbering(array: NDArray[np.float64], rows: TrainingRows) -> bool:
    """Whether it has each whole number of a range, or each tenth, once, with few left out."""
    is_whole = bool((array % 1 == 0).all()) and float(np.abs(array).max()) < 2**53
    if not is_whole:
        return False
    step = np.gcd.reduce(np.diff(np.sort(array)).astype(np.int64))
    span = (array.max() - array.min()) / max(1, step) + 1
    are_different = len(np.unique(array)) == len(array)
    return are_different and bool(span <= 1.1 * rows.num_in_file)


def _follows_order(array: NDArray[np.float64], rows: TrainingRows) -> bool:
    """Whether it goes with the place in the file, over all rows and within each class."""
    overall = _correlation(_ranks(array), _ranks(rows.places))
    within = [np.zeros(len(array)), np.zeros(len(array))]
    for code in np.unique(rows.target):
        own = rows.target == code
        for ranks, given in zip(within, (array, rows.places), strict=True):
            ranks[own] = _ranks(given[own]) - _ranks(given[own]).mean()
    inside = _correlation(*within)
    chance = SURE / np.sqrt(len(array) - rows.num_classes)
    return bool(inside * math.copysign(1, overall) > max(0.5, chance) and abs(overall) > 0.5)


def _separates(array: NDArray[np.float64], rows: TrainingRows) -> bool:
    """Whether each class has a stretch of numbers of its own."""
    order = np.lexsort((rows.target, array))
    changes = np.diff(rows.target[order]) != 0
    is_tie = changes & (np.diff(array[order]) == 0)
    return not bool(is_tie.any()) and int(changes.sum()) == rows.num_classes - 1


def _same_order(array: NDArray[np.float64], target: NDArray[Any]) -> bool:
    if len(np.unique(target)) < FEWEST_ROWS:
        return False
    return abs(_correlation(_ranks(array), _ranks(target))) > 1 - 1e-6


def _strongest_correlation(array: NDArray[np.float64], target: NDArray[Any]) -> float:
    """The correlation of the numbers or of their ranks, whichever is larger."""
    if len(np.unique(target)) < FEWEST_ROWS:
        return 0.0
    ranked = abs(_correlation(_ranks(array), _ranks(target)))
    return max(ranked, abs(_correlation(array, target)))


def _follows_row_order(array: NDArray[np.float64], rows: TrainingRows) -> bool:
    """Whether it goes with the place in the file, and numbers to predict are like those before."""
    ranks = _ranks(rows.target)
    alike = _correlation(ranks[1:], ranks[:-1])
    is_ordered = abs(_correlation(_ranks(array), _ranks(rows.places))) > 0.999
    return is_ordered and alike > max(0.5, SURE / math.sqrt(len(array)))


def _by_texts(values: "pd.Series[Any]") -> Iterator[Leak]:
    present = values.dropna()
    if len(present) >= FEWEST_ROWS and present.nunique() == len(present):
        yield Leak("has another text in each row, as names of rows have", True)


def _by_values(values: "pd.Series[Any]", rows: TrainingRows) -> Iterator[Leak]:
    """Whether each value goes with one class."""
    codes = np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)
    distinct = int(codes.max()) + 1
    if not rows.has_classes or distinct < 2 or 5 * distinct > len(codes):
        return
    table = np.zeros((distinct, int(rows.target.max()) + 1))
    np.add.at(table, (codes, rows.target), 1)
    tells, is_told = table.max(axis=1).sum() / len(codes), table.max(axis=0).sum() / len(codes)
    if tells < DETERMINED:
        return
    runs = 1 + int((np.diff(codes) != 0).sum())
    if is_told >= DETERMINED:
        yield Leak("is the target in other words", True)
    elif rows.are_sorted and runs <= 1.1 * distinct:
        yield Leak("changes with the place in the file, which is sorted by class", True)
    else:
        yield Leak("tells the class of nearly each training row alone", False)


def _ranks(array: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(pd.Series(array).rank(), dtype=np.float64)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    # At any scale, no square overflows.
    one, other = (array / (np.abs(array).max() or 1.0) for array in (one, other))
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size else 0.0
