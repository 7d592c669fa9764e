"""How rows are split into a training, a validation and a test part, the same in every run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from leyden.data.errors import DataError
from leyden.data.folds import Fold, RowIndex
from leyden.data.split_names import SPLITS, split_named

SplitColumnKind = Literal["parts", "time", "groups"]


@dataclass(frozen=True)
class SplitRule:
    """The rule by which rows are split: the key `data.split`.

    Attributes:
        by: A column that decides: its cells name the parts, are times, or name groups that stay
            together; None: rows are drawn.
        kind: Kind of that column; None: its cells decide.
        fractions: Shares of the rows to train, validate and test on.
        stratified: Whether each class has its share in each part, where rows are drawn.
        fold: Fold of the rows that are not tested that validates; None: there are no folds.
    """

    by: str | None
    kind: SplitColumnKind | None
    fractions: tuple[float, float, float]
    stratified: bool
    fold: Fold | None = None

    @classmethod
    def of(
        cls, given: Mapping[str, Any] | None, *, fractions: tuple[float, float, float]
    ) -> "SplitRule":
        """The rule of the user, with the defaults of the data set.

        Raises:
            DataError: A key that there is not, or a value that does not fit.
        """
        given = dict(given or {})
        known = ("by", "kind", "fractions", "stratified", "fold")
        for key in given:
            if key not in known:
                near = get_close_matches(str(key), known, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
                raise DataError(f"split.{key}", f"no such key; {hint}")
        by, kind, stratified = given.get("by"), given.get("kind"), given.get("stratified", True)
        if kind is not None and kind not in get_args(SplitColumnKind):
            raise DataError("split.kind", f"must be one of {', '.join(get_args(SplitColumnKind))}")
        if not isinstance(stratified, bool):
            raise DataError("split.stratified", "must be true or false")
        shares = given.get("fractions")
        shares = fractions if shares is None else shares
        fold = Fold.of(given.get("fold"))
        by = None if by is None else str(by)
        return cls(by, kind, checked_fractions(shares), stratified, fold)


def checked_fractions(given: Any) -> tuple[float, float, float]:
    """Shares of the three parts; whole numbers are in proportion.

    Raises:
        DataError: They are not three positive numbers that make up the whole.
    """
    message = "must be three positive shares that make 1, such as [0.8,0.1,0.1]"
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 3:
        raise DataError("split.fractions", message)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in given):
        raise DataError("split.fractions", message)
    if min(given) <= 0 or abs(sum(given) - 1) > 1e-6:
        raise DataError("split.fractions", message)
    train, val, test = map(float, given)
    return train, val, test


def split_sizes(length: int, fractions: tuple[float, float, float]) -> tuple[int, int, int]:
    """Rows of the parts; those that rounding leaves go where the largest remainders are."""
    exact = [round(length * share, 6) for share in fractions]
    sizes = [int(one) for one in exact]
    # Of equal remainders the test part's comes first.
    by_remainder = sorted(range(3), key=lambda number: (sizes[number] - exact[number], -number))
    for number in by_remainder[: length - sum(sizes)]:
        sizes[number] += 1
    return sizes[0], sizes[1], sizes[2]


def draw_rows(
    length: int, sizes: tuple[int, int, int], *, labels: RowIndex | None = None
) -> list[RowIndex]:
    """Rows of each part, drawn once for all runs.

    Args:
        length: Number of rows.
        sizes: Number of rows of the parts; together all.
        labels: Class of each row, of which each part then has its share. A class of three rows or
            more is in every part, if the parts have room for it; one of a single row is trained on.
    """
    order = torch.randperm(length, generator=torch.Generator().manual_seed(0))
    if labels is None:
        return list(order.tensor_split([sizes[0], sizes[0] + sizes[1]]))
    part = torch.empty(length, dtype=torch.long)
    taken, seen = [0, 0, 0], 0
    for rows in _by_class(order, labels):
        seen += len(rows)
        counts = _shares_of_class(len(rows), seen, length, sizes, taken)
        part[rows] = torch.repeat_interleave(torch.arange(3), torch.tensor(counts))
        taken = [one + count for one, count in zip(taken, counts, strict=True)]
    for number in (1, 2):  # where nearly all classes are of one row
        for _ in range(sizes[number] - taken[number]):
            trained_on = order[part[order] == 0]
            largest = torch.bincount(labels[trained_on]).argmax()
            part[trained_on[labels[trained_on] == largest][-1]] = number
    return [order[part[order] == number] for number in range(3)]


def _by_class(order: RowIndex, labels: RowIndex) -> list[RowIndex]:
    """The rows of each class in the order of a draw; the small classes come first."""
    sorted_rows = order[labels[order].argsort(stable=True)]
    ends = torch.bincount(labels).cumsum(0)[:-1].tolist()
    return sorted(sorted_rows.tensor_split(ends), key=len)


def _shares_of_class(
    count: int, seen: int, length: int, sizes: tuple[int, int, int], taken: list[int]
) -> list[int]:
    """The number of rows of a class in each part.

    Validation and test get what is due of all classes so far, so that rounding does not add up. A
    class with room for it has at least one row in each part.
    """
    counts = [0, 0, 0]
    for number in (1, 2):
        due = round(sizes[number] * seen / length) - taken[number]
        fewest = 1 if count >= 3 and taken[number] < sizes[number] else 0
        room = min(count - 1 - sum(counts), sizes[number] - taken[number])
        counts[number] = max(0, min(max(due, fewest), room))
    counts[0] = count - sum(counts)
    return counts


def split_by_time(keys: Tensor, sizes: tuple[int, int, int]) -> list[RowIndex]:
    """Rows of each part by time: the first to train on, the last to test on.

    Rows of one time are never torn apart: they all go to the earlier part.

    Args:
        keys: Time of each row.
        sizes: Approximate number of rows of the parts.

    Raises:
        DataError: There are too few different times.
    """
    order = keys.argsort(stable=True)
    ordered, ends = keys[order], []
    for end in (sizes[0], sizes[0] + sizes[1]):
        last = ordered[max(0, end - 1)]
        ends.append(int(torch.searchsorted(ordered, last, right=True)))
    parts = list(order.tensor_split(ends))
    if min(map(len, parts)) == 0:
        raise DataError("split.by", "has too few different times for three parts")
    return parts


def split_by_groups(codes: RowIndex, sizes: tuple[int, int, int]) -> list[RowIndex]:
    """Rows of each part, with all rows of a group in one part.

    The largest groups are dealt first, each to the part that lacks most rows.

    Args:
        codes: Group of each row, from 0.
        sizes: Number of rows of the parts, as near as the groups allow.

    Raises:
        DataError: There are fewer than three groups.
    """
    counts = torch.bincount(codes)
    if len(counts) < 3:
        raise DataError("split.by", f"has {len(counts)} groups; three parts need at least 3")
    shuffled = torch.randperm(len(counts), generator=torch.Generator().manual_seed(0))
    by_size = shuffled[counts[shuffled].argsort(descending=True, stable=True)]
    part_of_group, taken = torch.empty(len(counts), dtype=torch.long), [0, 0, 0]
    for place, group in enumerate(by_size.tolist()):
        empty = [number for number in range(3) if taken[number] == 0]
        must_fill = len(by_size) - place <= len(empty)
        number = max(empty if must_fill else range(3), key=lambda one: sizes[one] - taken[one])
        part_of_group[group] = number
        taken[number] += int(counts[group])
    part = part_of_group[codes]
    return [torch.nonzero(part == number).flatten() for number in range(3)]


def split_by_names(
    names: Sequence[object],
    fractions: tuple[float, float, float],
    *,
    labels: RowIndex | None = None,
    key: str = "split.by",
) -> list[RowIndex]:
    """Rows of each part by the names in a column; a missing part is drawn from the training rows.

    Args:
        names: Cell of the column in each row, see `SPLIT_ALIASES`.
        fractions: Shares of what is drawn.
        labels: Class of each row, see `draw_rows`.
        key: The parameter that named the column.

    Raises:
        DataError: A name is none of a part, or there are no rows to train on.
    """
    found = [split_named(name) for name in names]
    if None in found:
        wrong = names[found.index(None)]
        raise DataError(key, f"`{wrong}` names no part; train, val and test do")
    rows = {
        part: torch.tensor([i for i, one in enumerate(found) if one == part]) for part in SPLITS
    }
    if len(rows["train"]) == 0:
        raise DataError(key, "names no rows to train on; `train` does")
    missing = [part for part in SPLITS[1:] if len(rows[part]) == 0]
    if missing:
        own = rows["train"]
        shares = [fractions[SPLITS.index(part)] if part in missing else 0.0 for part in SPLITS[1:]]
        counts = [int(len(own) * share) for share in shares]
        sizes = (len(own) - sum(counts), counts[0], counts[1])
        cut = draw_rows(len(own), sizes, labels=None if labels is None else labels[own])
        rows["train"] = own[cut[0]]
        for part in missing:
            rows[part] = own[cut[SPLITS.index(part)]]
    return [rows[part].long() for part in SPLITS]
