"""Numbers that stand for no number, such as -999 among ages."""

from collections.abc import Callable
from typing import Any

import pandas as pd

FAR = 2
"""Times the range of all others that a sentinel is away from them."""


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
        if len(others) < 3 or counts[one] < 2 or not is_word(float(one)):
            continue
        low, high = others.min(), others.max()
        if min(abs(one - low), abs(one - high)) > FAR * (high - low):
            return float(one)
    return None
