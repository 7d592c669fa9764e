"""The grid of times: its step, the places of the times on it, and a series on it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pandas.tseries.offsets import BaseOffset, BDay, DateOffset, MonthEnd

from leyden.data.errors import DataError, format_cell
from leyden.data.parsing.times import Times
from leyden.data.series.preparation import Gaps
from leyden.data.series.series import Series


def series_on_grid(
    values: pd.DataFrame, places: NDArray[Any], gaps: Gaps | None, *, name: str = ""
) -> tuple[Series, int]:
    """A series with its missing values filled by what came before them.

    Rows before the first and after the last value of the target, the first column, are left out.

    Args:
        values: Values in the order of time.
        places: Place of each row on the grid of times.
        gaps: How missing times are treated. `fill`: times that are not there become rows; otherwise
            a row stands for each stretch of them, and is a hole.
        name: Name of the series.

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


OFF_STEP = 0.1
"""Times may be off their place by this share of a step: clocks jitter, decimals are rounded."""

MICROSECONDS = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000}
MICROSECONDS |= {"s": 1_000_000, "ms": 1_000}


MIDNIGHT = " 00:00:00"
Offset = BaseOffset | pd.Timedelta | float


@dataclass(frozen=True)
class TimeGrid:
    """Where times lie on an even grid.

    Attributes:
        places: Place of each row, in the order of the file; the first time is 0.
        step: Step of the grid, in words.
        off: Largest distance of a time from its place, as a share of the step.
        offset: The step, to be added to a time; a number where times are numbers.
    """

    places: NDArray[np.int64]
    step: str
    off: float
    offset: Offset

    def after(self, last: Any, count: int) -> list[str]:
        """The next times after a time, as text."""
        found = [last + (k + 1) * self.offset for k in range(count)]
        if isinstance(self.offset, float):
            return [format_cell(float(one)) for one in found]
        texts = [str(one) for one in (last, *found)]
        are_days = all(text.endswith(MIDNIGHT) for text in texts) and self.is_of_days
        return [text.removesuffix(MIDNIGHT) if are_days else text for text in texts[1:]]

    @property
    def is_of_days(self) -> bool:
        """Whether all times of the grid have the clock of the first."""
        if isinstance(self.offset, pd.Timedelta):
            return self.offset % pd.Timedelta(days=1) == pd.Timedelta(0)
        return not isinstance(self.offset, float)


def find_grid(times: Times, *, key: str) -> TimeGrid:
    """The usual step of times, and their places on its grid: months and business days too.

    Args:
        times: Times in any order; some may come again, and some of the grid may be missing.
        key: The parameter that named their column.

    Raises:
        DataError: They are not on one grid.
    """
    distinct = np.unique(times.keys)
    if len(distinct) < 2:
        raise DataError(key, f"column `{times.cells.name}` has one time only")
    for find in (_month_places, _business_places):
        found = find(times, distinct)
        if found is not None:
            return found
    gaps = np.diff(distinct).astype(np.float64)
    usual = _usual(gaps)
    near = gaps[np.abs(gaps / usual - 1) < OFF_STEP]
    step = float(near.mean())
    counts = gaps / step
    whole = np.round(counts)
    off = np.abs(counts - whole)
    is_off = (off > OFF_STEP) | (whole == 0)
    if is_off.any():
        place = int(is_off.argmax())
        message = (
            f"column `{times.cells.name}` has no even step: mostly {_words(usual, times)}, but"
            f" {_words(gaps[place], times)} after {_shown(distinct[place], times)};"
            " without data.time rows are taken in the order of the file, as if it were even"
        )
        raise DataError(key, message)
    places = np.concatenate([[0], np.cumsum(whole).astype(np.int64)])
    own = places[np.searchsorted(distinct, times.keys)]
    is_number = pd.api.types.is_numeric_dtype(times.moments)
    offset = step if is_number else pd.Timedelta(microseconds=round(step))
    return TimeGrid(own, _words(step, times), float(off.max()), offset)


def _usual(gaps: NDArray[Any]) -> float:
    """The gap that most others are near to; of several such the smallest."""
    values = np.sort(gaps.astype(np.float64))
    first = np.searchsorted(values, values * (1 - OFF_STEP), side="right")
    last = np.searchsorted(values, values * (1 + OFF_STEP), side="left")
    around = values[first[(last - first).argmax()] : last[(last - first).argmax()]]
    same, counts = np.unique(around, return_counts=True)
    return float(same[counts.argmax()])


def _month_places(times: Times, distinct: NDArray[Any]) -> TimeGrid | None:
    """Times that are months, quarters or years apart."""
    if not times.is_date or np.diff(distinct).min() < 28 * MICROSECONDS["d"]:
        return None
    moments = times.moments.dt
    is_end = bool(moments.is_month_end.all())
    same_day = moments.day.nunique() == 1 or is_end
    if not same_day or (times.moments - moments.normalize()).nunique() > 1:
        return None
    months = (12 * moments.year + moments.month).to_numpy().astype(np.int64)
    gaps = np.diff(np.unique(months))
    size = int(_usual(gaps))
    if (gaps % size).any():
        return None
    words = {1: "1 month", 3: "1 quarter", 12: "1 year"}.get(size, f"{size} months")
    offset = MonthEnd(size) if is_end else DateOffset(months=size)
    return TimeGrid((months - months.min()) // size, words, 0.0, offset)


def _business_places(times: Times, distinct: NDArray[Any]) -> TimeGrid | None:
    """Days from Monday to Friday."""
    if not times.is_date:
        return None
    moments = times.moments.dt
    days = moments.normalize()
    gaps = np.diff(distinct)
    is_daily = (times.moments - days).nunique() == 1 and _usual(gaps) == MICROSECONDS["d"]
    weekdays = set(moments.day_of_week.unique())
    if not is_daily or weekdays - set(range(5)) or not {0, 4} <= weekdays:
        return None
    dates = days.to_numpy().astype("datetime64[D]")
    places = np.busday_count(dates.min(), dates).astype(np.int64)
    return TimeGrid(places, "1 business day", 0.0, BDay())


def _words(gap: float, times: Times) -> str:
    if pd.api.types.is_numeric_dtype(times.moments):
        return f"{gap:g}"
    for unit, size in MICROSECONDS.items():
        if gap >= size:
            return f"{gap / size:.4g} {unit}"
    return f"{gap:g} us"


def _shown(moment: Any, times: Times) -> str:
    return format_cell(times.cells.iloc[int((times.keys == moment).argmax())])
