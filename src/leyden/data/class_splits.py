"""The parts of data sets of classes without columns: drawn, or completed where some are given."""

from collections.abc import Collection, Mapping
from typing import Any

from leyden.data.errors import DataError
from leyden.data.folds import RowIndex, reject_given_validation, with_fold
from leyden.data.report import DataReport
from leyden.data.split_names import SPLITS, SplitName
from leyden.data.splitting import SplitRule, draw_rows, split_sizes


def split_labelled(
    given: Mapping[str, Any] | None,
    labels: RowIndex,
    fractions: tuple[float, float, float],
    report: DataReport,
) -> list[RowIndex]:
    """The parts of a data set of classes that has no columns.

    Args:
        given: The key `data.split`.
        labels: Class of each sample.
        fractions: Shares where the user gives none.
        report: Report that is told how the parts were made.

    Raises:
        DataError: The key does not fit.
    """
    split = SplitRule.of(given, fractions=fractions)
    if split.by is not None or split.kind is not None:
        raise DataError("split.by", "there are no columns to split by; rows are drawn")
    report.split = "drawn, each class alike" if split.stratified else "drawn"
    sizes, alike = split_sizes(len(labels), split.fractions), labels if split.stratified else None
    parts = draw_rows(len(labels), sizes, labels=alike)
    return with_fold(parts, split.fold, report, labels=alike)


def complete_splits(
    given: Mapping[str, Any] | None,
    labels: RowIndex,
    own: Collection[SplitName],
    fractions: tuple[float, float, float],
    report: DataReport,
) -> dict[SplitName, RowIndex]:
    """Rows of a training part, and those that make up the parts which are not there.

    Args:
        given: The key `data.split`.
        labels: Class of each row of the training part.
        own: Parts that the data set has itself.
        fractions: Shares of the training part where the user gives none.
        report: Report that is told of a fold.

    Raises:
        DataError: The key does not fit.
    """
    split = SplitRule.of(given, fractions=fractions)
    if split.by is not None or split.kind is not None:
        raise DataError("split.by", "the parts are given")
    if len(own) == len(SPLITS) and (given or {}).get("fractions") is not None:
        raise DataError("split.fractions", "nothing is drawn: the parts are given")
    reject_given_validation(split.fold, own)
    val, test = (
        0 if part in own else max(1, int(len(labels) * share))
        for part, share in zip(SPLITS[1:], split.fractions[1:], strict=True)
    )
    sizes = (len(labels) - val - test, val, test)
    alike = labels if split.stratified else None
    rows = draw_rows(len(labels), sizes, labels=alike)
    rows = with_fold(rows, split.fold, report, labels=alike)
    return dict(zip(SPLITS, rows, strict=True))
