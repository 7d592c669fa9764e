"""Which sign separates the cells of a text file."""

import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from leyden.data.rows import BadQuote, read_rows
from leyden.data.table_format import SEPARATORS, Separator
from leyden.data.unreadable import Unreadable

ROWS_LOOKED_AT = 1000

NUMBER = re.compile(r"\s*[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
"""Whatever sign its decimals have."""


def find_separator(lines: list[str]) -> Separator | None:
    """The sign that splits all rows into as many cells as the first; None: there is one column.

    Blanks are taken where nothing else does.

    Args:
        lines: Of the file, from the row of names on.

    Raises:
        Unreadable: Several do, or none does.
    """
    counts: dict[Separator, list[int]] = {sign: _counts(lines, sign) for sign in SEPARATORS}
    splitting = [sign for sign, found in counts.items() if found and found[0] > 1]
    even = [sign for sign in splitting if _is_even(counts[sign])]
    counts["blank"] = blanks = _counts(lines, "blank")
    has_blanks = bool(blanks) and blanks[0] > 1 and _is_even(blanks)
    if even == ["tab"] and has_blanks and blanks[0] > counts["tab"][0]:
        even.append("blank")  # some write blanks and tabs as they come
    if len(even) == 1:
        return even[0]
    if len(even) > 1:
        said = " and ".join(f"{sign} ({counts[sign][0]} columns)" for sign in even)
        hint = " or ".join(f"data.separator={sign}" for sign in even)
        raise Unreadable("path", f"could be separated by {said}; type {hint}")
    below = [sign for sign in counts if sign != "blank" and _is_table_below(lines, sign)]
    if has_blanks and (not below or layout_of(lines, below[0]).width < 3):
        return "blank"
    if below and not splitting:
        return below[0]
    if not splitting:
        return None
    # It is told later which row is uneven, by the sign that most rows agree with.
    return max(splitting, key=lambda sign: counts[sign].count(counts[sign][0]))


def _counts(lines: list[str], sign: Separator) -> list[int]:
    """Cells of the first rows, of which empty ones do not count; 0 where a quote does not fit."""
    counts = []
    try:
        for _, row in islice(read_rows(lines, sign), ROWS_LOOKED_AT):
            counts += [len(row)] if row else []
    except BadQuote:
        counts.append(0)
    return counts


@dataclass(frozen=True)
class Layout:
    """Where the rows of a table stand in a file.

    Attributes:
        width: Cells that most rows have.
        first: Cells of the first row that has so many.
        above: Lines before that row.
        below: Rows after the last one that has so many.
    """

    width: int
    first: list[str]
    above: int
    below: int


def layout_of(lines: list[str], separator: Separator | None) -> Layout:
    """Where the rows with the usual number of cells stand; of a file that has some rows."""
    rows: list[tuple[int, list[str]]] = []
    above = 0
    with suppress(BadQuote):
        for end, row in read_rows(lines, separator):
            rows += [(above, row)] if row else []
            above = end
    widths = Counter(len(row) for _, row in rows)
    width = widths.most_common(1)[0][0] if widths else 0
    usual = [place for place, (_, row) in enumerate(rows) if len(row) == width]
    if not usual:
        return Layout(width, [], 0, 0)
    above, first = rows[usual[0]]
    return Layout(width, first, above, len(rows) - 1 - usual[-1])


def _is_table_below(lines: list[str], sign: Separator) -> bool:
    """Whether a sign splits most rows alike, with names in the first of them, but not those above.

    Of numbers with a decimal comma in one column the first such row has no names.
    """
    found = layout_of(lines[:ROWS_LOOKED_AT], sign)
    return found.width > 1 and found.above > 0 and not any(map(NUMBER.fullmatch, found.first))


def _is_even(counts: list[int]) -> bool:
    """Whether all rows have as many cells as the first, or all have one more, which is empty."""
    first, rest = counts[0], set(counts[1:])
    return rest <= {first} or rest == {first + 1}
