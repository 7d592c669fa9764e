"""The parts of a table: drawn, or as one of its columns says."""

from typing import Any

import numpy as np
import pandas as pd
import torch

from leyden.data.report import DataReport
from leyden.data.splitting import (
    By,
    Rows,
    Split,
    as_named,
    drawn,
    in_groups,
    in_order,
    part_of_name,
    sizes_of,
)
from leyden.data.table_file import column_of
from leyden.data.times import parse_times
from leyden.data.unreadable import Unreadable

KEY = "split.by"
MOST_NAMED = 5
"""Classes in a warning."""


def split_table(
    frame: pd.DataFrame, split: Split, labels: Rows | None, report: DataReport
) -> list[Rows]:
    """Rows of the three parts.

    Args:
        frame: The table.
        split: What the user says.
        labels: Class of each row; None: it has a number.
        report: It is told how the parts were made.

    Raises:
        Unreadable: The column can't decide.
    """
    sizes = sizes_of(len(frame), split.fractions)
    alike = labels if split.stratified else None
    if split.by is None:
        if split.kind is not None:
            raise Unreadable("split.kind", "says what a column is, and split.by names none")
        report.split = "drawn" if alike is None else "drawn, each class alike"
        parts = drawn(len(frame), sizes, labels=alike)
    else:
        parts = _by_column(frame, split, sizes, alike, report)
    if labels is not None and len(torch.unique(labels[parts[0]])) < 2:
        raise Unreadable(KEY, "leaves one class only in the training part")
    return parts


def _by_column(
    frame: pd.DataFrame,
    split: Split,
    sizes: tuple[int, int, int],
    labels: Rows | None,
    report: DataReport,
) -> list[Rows]:
    assert split.by is not None
    cells = column_of(frame, split.by, key=KEY)
    described = report.column(split.by)
    if described.role == "target":
        raise Unreadable(KEY, "is the target; another column has to say the parts")
    if cells.isna().any():
        rows = f"{int(cells.isna().sum()):,} rows"
        raise Unreadable(KEY, f"column `{split.by}` is empty in {rows}; each has to be in a part")
    kind = split.kind or _kind(cells, described.kind)
    described.role, described.made = "split", kind
    if kind == "parts":
        report.split = f"as {split.by} says"
        return as_named(cells.tolist(), split.fractions, labels=labels, key=KEY)
    if kind == "time":
        times = parse_times(cells, key=KEY)
        report.split = f"by time: {split.by} ({times.form}); the latest rows are tested"
        return in_order(torch.tensor(times.keys), sizes)
    codes, groups = pd.factorize(cells)
    report.split = f"by groups: none of the {len(groups):,} of {split.by} is in two parts"
    return in_groups(torch.tensor(codes.astype(np.int64)), sizes)


def _kind(cells: "pd.Series[Any]", kind: str) -> By:
    """What a column is, as its cells say.

    Raises:
        Unreadable: Numbers could be times or groups.
    """
    if all(part_of_name(cell) is not None for cell in cells.unique()):
        return "parts"
    if kind == "times":
        return "time"
    if kind == "numbers":
        message = f"column `{cells.name}` holds numbers; are they times or groups?"
        raise Unreadable(KEY, f"{message} type data.split.kind=time or data.split.kind=groups")
    return "groups"


def say_absent_classes(
    labels: Rows, names: tuple[str, ...], parts: list[Rows], report: DataReport
) -> None:
    """Warns of classes that a part has no row of.

    Args:
        labels: Class of each row.
        names: Of the classes.
        parts: Rows of each part.
        report: It is told.
    """
    for part, rows in zip(("training", "validation", "test"), parts, strict=True):
        counts = torch.bincount(labels[rows], minlength=len(names)).tolist()
        absent = [name for name, count in zip(names, counts, strict=True) if count == 0]
        if absent:
            more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
            listed = ", ".join(f"`{name}`" for name in absent[:MOST_NAMED])
            report.warnings.append(f"the {part} part has no row of class {listed}{more}")
