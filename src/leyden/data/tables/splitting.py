"""The split of a table: drawn, or by one of its columns; and rows that are in two parts."""

import re
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from leyden.data.errors import DataError, excerpt
from leyden.data.folds import KEY as FOLD_KEY
from leyden.data.folds import NOT_IN_TIME, RowIndex, reject_given_validation, with_fold
from leyden.data.parsing.table_file import column_of
from leyden.data.parsing.times import parse_times
from leyden.data.report import DataReport
from leyden.data.split_names import SPLITS, SplitName, split_named
from leyden.data.splitting import (
    SplitColumnKind,
    SplitRule,
    draw_rows,
    split_by_groups,
    split_by_names,
    split_by_time,
    split_sizes,
)
from leyden.data.tables.encoding import as_category

KEY = "split.by"
MOST_NAMED = 5
"""Classes or cells in a message."""

FLAGS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0"), False),
}
"""Cells of a flag column such as `is_test`, in lower case."""


def split_table(
    frame: pd.DataFrame, split: SplitRule, labels: RowIndex | None, report: DataReport
) -> list[RowIndex]:
    """Rows of the three parts.

    Args:
        frame: The table.
        split: Rule that the user gives.
        labels: Class of each row; None: the target is a number.
        report: Report that is told how the parts were made.

    Raises:
        DataError: The column can't decide.
    """
    sizes = split_sizes(len(frame), split.fractions)
    alike = labels if split.stratified else None
    if split.by is None:
        if split.kind is not None:
            raise DataError("split.kind", "says what a column is, and split.by names none")
        report.split = "drawn" if alike is None else "drawn, each class alike"
        parts = with_fold(
            draw_rows(len(frame), sizes, labels=alike), split.fold, report, labels=alike
        )
    else:
        parts = _by_column(frame, split, sizes, alike, report)
    if labels is not None and len(torch.unique(labels[parts[0]])) < 2:
        raise DataError(KEY, "leaves one class only in the training part")
    return parts


def _by_column(
    frame: pd.DataFrame,
    split: SplitRule,
    sizes: tuple[int, int, int],
    labels: RowIndex | None,
    report: DataReport,
) -> list[RowIndex]:
    assert split.by is not None
    cells = column_of(frame, split.by, key=KEY)
    described = report.column(split.by)
    if described.role == "target":
        raise DataError(KEY, "is the target; another column has to say the parts")
    if cells.isna().any():
        rows = f"{int(cells.isna().sum()):,} rows"
        raise DataError(KEY, f"column `{split.by}` is empty in {rows}; each has to be in a part")
    flags = _splits_of_flags(cells) if split.kind in (None, "parts") else None
    kind = split.kind or ("parts" if flags else _infer_kind(cells, described.kind))
    described.role, described.made = "split", kind
    if kind == "parts":
        report.split = f"as {split.by} says"
        if flags:
            said = (f"{excerpt(str(as_category(cell)))} is {part}" for cell, part in flags.items())
            report.split += f": {', '.join(said)}"
            cells = cells.map(flags)
        reject_given_validation(split.fold, {split_named(cell) for cell in cells.unique()})
        parts = split_by_names(cells.tolist(), split.fractions, labels=labels, key=KEY)
        return with_fold(parts, split.fold, report, labels=labels)
    if kind == "time":
        if split.fold is not None:
            raise DataError(FOLD_KEY, f"{NOT_IN_TIME}; split.by names times")
        times = parse_times(cells, key=KEY)
        report.split = f"by time: {split.by} ({times.form}); the latest rows are tested"
        return split_by_time(torch.tensor(times.keys), sizes)
    codes, groups = pd.factorize(cells)
    report.split = f"by groups: none of the {len(groups):,} of {split.by} is in two parts"
    parts = split_by_groups(torch.tensor(codes.astype(np.int64)), sizes)
    # In the order of their names: so a user finds the same folds with scikit-learn.
    in_order = torch.tensor(pd.factorize(cells, sort=True)[0].astype(np.int64))
    return with_fold(parts, split.fold, report, labels=labels, groups=in_order)


def _splits_of_flags(cells: "pd.Series[Any]") -> dict[object, SplitName] | None:
    """The part that each of two flags means, in a column such as `is_test`; None: it is no such.

    What is not in the training part is tested, all else that is not in the part is trained on.
    """
    name = re.sub(r"^(is|in|for)(?=[_ A-Z])[_ ]?", "", str(cells.name))
    named, words = split_named(name), cells.unique().tolist()
    known = [FLAGS.get(str(word).lower()) for word in words]
    if named is None or sorted(known, key=str) != [False, True]:
        return None
    other: SplitName = "test" if named == "train" else "train"
    return {word: named if flag else other for word, flag in zip(words, known, strict=True)}


def _infer_kind(cells: "pd.Series[Any]", kind: str) -> SplitColumnKind:
    """The kind of a column that splits, inferred from its cells.

    Raises:
        DataError: Some cells name parts and others do not, or numbers could be times or groups.
    """
    counts = cells.value_counts()
    named = [word for word in counts.index if split_named(word) is not None]
    odd = [word for word in counts.index if split_named(word) is None]
    if not odd:
        return "parts"
    column = f"column `{cells.name}`"
    if named:
        listed = ", ".join(
            f"`{excerpt(str(as_category(word)))}` ({counts[word]:,})" for word in odd[:MOST_NAMED]
        )
        more = f" and {len(odd) - MOST_NAMED} more" if len(odd) > MOST_NAMED else ""
        message = f"{column} names parts, such as `{named[0]}`, but not in rows with {listed}{more}"
        hint = "write train, val or test there, or leave such rows out of the file"
        groups = "; data.split.kind=groups takes all for groups" * (len(counts) > 2)
        raise DataError(KEY, f"{message}; {hint}{groups}")
    if len(counts) < len(SPLITS):
        listed = " and ".join(f"`{excerpt(str(as_category(word)))}`" for word in odd)
        message = f"{column} has {listed} only, too few for groups"
        raise DataError(KEY, f"{message}; a column of parts has train, val and test in its cells")
    if kind == "times":
        return "time"
    if kind == "numbers":
        message = f"{column} holds numbers; are they times or groups?"
        raise DataError(KEY, f"{message} type data.split.kind=time or data.split.kind=groups")
    return "groups"


def warn_of_absent_classes(
    labels: RowIndex, names: tuple[str, ...], parts: list[RowIndex], report: DataReport
) -> None:
    """Warns of classes that a part has no row of.

    Args:
        labels: Class of each row.
        names: Names of the classes.
        parts: Rows of each split.
        report: Report that is told of it.
    """
    for part, rows in zip(("training", "validation", "test"), parts, strict=True):
        counts = torch.bincount(labels[rows], minlength=len(names)).tolist()
        absent = [name for name, count in zip(names, counts, strict=True) if count == 0]
        if absent:
            more = f" and {len(absent) - MOST_NAMED} more" if len(absent) > MOST_NAMED else ""
            listed = ", ".join(f"`{name}`" for name in absent[:MOST_NAMED])
            report.warnings.append(f"the {part} part has no row of class {listed}{more}")


LEAST_SHARE_WARNED = 0.01
"""Share of the test rows from which a warning is due."""

LEAST_POSSIBLE = 100
"""Possible different rows for each row of a table, below which equal rows are chance."""


def warn_of_duplicates(
    features: Tensor, targets: Tensor, parts: list[RowIndex], report: DataReport
) -> None:
    """Warns of test rows that are in the training part too.

    Args:
        features: Features of all rows.
        targets: Targets of all rows.
        parts: Rows to train, validate and test on.
        report: Report that is told of it.
    """
    frame = pd.DataFrame(features.numpy())
    if np.log(frame.nunique()).sum() < np.log(LEAST_POSSIBLE * len(frame)):
        return
    frame["target"] = targets.flatten().numpy()
    hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
    share = float(np.isin(hashes[parts[2].numpy()], hashes[parts[0].numpy()]).mean())
    if share >= LEAST_SHARE_WARNED:
        report.warnings.append(
            f"{share:.0%} of the test rows are in the training part too, with the same target; if"
            " a thing has several rows, data.split.by keeps them in one part"
        )
