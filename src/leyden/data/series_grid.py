"""A series on the grid of its times, with what is missing filled by what came before."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from leyden.data.series import Series

Gaps = Literal["fill", "keep"]


def as_series(
    values: pd.DataFrame, places: NDArray[Any], gaps: Gaps | None, *, name: str = ""
) -> tuple[Series, int]:
    """A series with its missing values filled by what came before them.

    Rows before the first and after the last value of the target, the first column, are left out.

    Args:
        values: In the order of time.
        places: Of the rows on the grid of times.
        gaps: `fill`: times that are not there become rows; otherwise a row stands for each stretch
            of them, and is a hole.
        name: Of the series.

    Returns:
        The series, and the rows of the file that are in none of its windows.
    """
    if gaps == "fill":
        rows = places
        grid = values.set_axis(places).reindex(np.arange(places[-1] + 1))
        segment, is_hole = np.zeros(len(grid), dtype=np.int64), np.zeros(len(grid), dtype=bool)
    else:
        before = np.concatenate([[0], np.cumsum(np.diff(places) > 1)])
        rows = np.arange(len(values)) + before
        grid = values.set_axis(rows).reindex(np.arange(rows[-1] + 1))
        is_hole = np.ones(len(grid), dtype=bool)
        is_hole[rows] = False
        segment = np.cumsum(is_hole)
    measured = grid.notna().to_numpy()
    filled = grid.groupby(segment).ffill()
    # What has no value before it can't be seen.
    is_hole |= filled.isna().any(axis=1).to_numpy()
    first, last = np.flatnonzero(measured[:, 0])[[0, -1]]
    kept = slice(int(first), int(last) + 1)
    is_used = ~is_hole
    is_used[: kept.start], is_used[kept.stop :] = False, False
    series = Series(
        torch.from_numpy(filled.fillna(0.0).to_numpy(dtype=np.float64)[kept].copy()),
        torch.from_numpy(measured[kept].copy()),
        torch.from_numpy(is_hole[kept].copy()),
        name,
    )
    return series, int((~is_used[rows]).sum())
