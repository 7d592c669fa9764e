"""Columns that make up the number to predict together, as parts make up a whole."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from leyden.data.leaks import FEWEST_ROWS, TrainingRows

MOST_PAIRED = 200
"""Columns of which all pairs are tried."""


def making_up(columns: Mapping[str, NDArray[np.float64]], rows: TrainingRows) -> list[str]:
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
