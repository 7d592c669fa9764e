"""Numbers that stand for no number, such as -999 among ages."""

from collections.abc import Callable
from typing import Any

import pandas as pd

FAR = 2
"""Times the range of all others that a sentinel is away from them."""

OFTEN = 10
APART = 0.1
"""A negative whole number that comes so many times as often as another, and is this share of the
range away from all others, stands for none too: -200 of the UCI's air quality."""


def could_be_one(number: float) -> bool:
    """Whether a number has nines only, or is -1."""
    whole = int(number)
    return whole == number and (whole == -1 or set(str(abs(whole))) == {"9"})


def sentinel_of(
    values: "pd.Series[Any]", *, is_word: Callable[[float], bool] = could_be_one
) -> float | None:
    """A number that comes again and is far from all others; None: there is none.

    Args:
        values: Of a column of numbers.
        is_word: Whether a number may stand for none.
    """
    counts = values.value_counts()
    for one in (counts.index.min(), counts.index.max()):
        others = counts.index[counts.index != one]
        if len(others) < 3 or counts[one] < 2:
            continue
        low, high = others.min(), others.max()
        away = min(abs(one - low), abs(one - high))
        is_often = counts[one] > OFTEN * counts[others].median()
        if away > FAR * (high - low) and is_word(float(one)):
            return float(one)
        if one < 0 and one % 1 == 0 and is_often and away > APART * (high - low):
            return float(one)
    return None
