"""Numbers that stand for no number, such as -999 among ages."""

from typing import Any

import pandas as pd

FAR = 2
"""Times the range of all others that a sentinel is away from them."""


def sentinel_of(values: "pd.Series[Any]") -> float | None:
    """A number of nines, or -1, that comes again and is far from all others; None: there is none.

    Args:
        values: Of a column of numbers.
    """
    counts = values.value_counts()
    for one in (counts.index.min(), counts.index.max()):
        others = counts.index[counts.index != one]
        if len(others) < 3 or counts[one] < 2 or not _could_be_one(float(one)):
            continue
        low, high = others.min(), others.max()
        if min(abs(one - low), abs(one - high)) > FAR * (high - low):
            return float(one)
    return None


def _could_be_one(number: float) -> bool:
    whole = int(number)
    return whole == number and (whole == -1 or set(str(abs(whole))) == {"9"})
