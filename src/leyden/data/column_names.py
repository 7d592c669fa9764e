"""Columns whose names count, such as `t0` to `t99`: which belong together."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from leyden.data.shown import to_type
from leyden.data.times import parse_times
from leyden.data.unreadable import Unreadable

NUMBERED = re.compile(r"(.*?)(\d+(?:\.\d+)?)(\D*)")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?")
FEWEST = 3
"""Columns with one stem that are taken for a run."""


@dataclass(frozen=True)
class Run:
    """Columns whose names have a common stem, and numbers or dates.

    Attributes:
        names: By their numbers.
        is_in_order: The table has them in that order.
        gaps: The name after which the first number is missing; "": none is.
        is_positions: The names are no more than the places of the columns: they were not named.
    """

    names: tuple[str, ...]
    is_in_order: bool
    gaps: str
    is_positions: bool


def find_run(names: Sequence[str]) -> Run | None:
    """The columns of one stem, if they are half of all or more.

    Args:
        names: Of the columns, in the order of the table.

    Raises:
        Unreadable: There are several such runs with the same numbers.
    """
    groups: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for name in names:
        if found := NUMBERED.fullmatch(name):
            groups[found[1], found[3]][name] = float(found[2])
    dates = [name for name in names if DATE.fullmatch(name)]
    if len(dates) >= FEWEST:
        try:
            keys = parse_times(pd.Series(dates, dtype=object), key="features").keys
        except Unreadable:
            return None
        groups = {("date", ""): dict(zip(dates, map(float, keys), strict=True))}
    runs = [group for group in groups.values() if len(group) >= FEWEST]
    if not runs:
        return None
    largest = max(runs, key=len)
    alike = [one for one in runs if set(one.values()) == set(largest.values())]
    if len(alike) > 1:
        _refuse_several(groups, alike)
    if 2 * len(largest) < len(names):
        return None
    ordered = sorted(largest, key=largest.__getitem__)
    gaps = np.diff([largest[name] for name in ordered])
    wide = np.flatnonzero(gaps > 1.5 * np.median(gaps))
    return Run(
        tuple(ordered),
        ordered == list(largest),
        ordered[int(wide[0])] if len(wide) else "",
        groups.keys() == {("", "")} and ("", "") in groups and all(map(str.isdigit, ordered)),
    )


def _refuse_several(
    groups: dict[tuple[str, str], dict[str, float]], alike: list[dict[str, float]]
) -> None:
    stems = [stem for stem, group in groups.items() if group in alike]
    said = " and ".join(f"`{next(iter(one))}` to `{list(one)[-1]}`" for one in alike[:3])
    others = [f"{before}*{after}" for before, after in stems[1:]]
    raise Unreadable(
        "features",
        f"columns {said}{' and more' if len(alike) > 3 else ''} are several runs of times:"
        f" {to_type('leave_out', others)} reads the first; a table with a row a time"
        " (data.series) or arrays of a .npz file can have several channels",
    )
