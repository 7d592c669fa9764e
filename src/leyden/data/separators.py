"""Which sign separates the cells of a text file."""

from itertools import islice

from leyden.data.rows import BadQuote, read_rows
from leyden.data.table_format import SEPARATORS, Separator
from leyden.data.unreadable import Unreadable

ROWS_LOOKED_AT = 1000


def find_separator(lines: list[str]) -> Separator | None:
    """The sign that splits all rows into as many cells as the first; None: there is one column.

    Blanks are taken where nothing else does.

    Args:
        lines: Of the file, from the row of names on.

    Raises:
        Unreadable: Several do, or none does.
    """
    counts = {sign: _counts(lines, sign) for sign in SEPARATORS}
    splitting = [sign for sign, found in counts.items() if found and found[0] > 1]
    even = [sign for sign in splitting if _is_even(counts[sign])]
    if len(even) == 1:
        return even[0]
    if len(even) > 1:
        said = " and ".join(f"{sign} ({counts[sign][0]} columns)" for sign in even)
        hint = " or ".join(f"data.separator={sign}" for sign in even)
        raise Unreadable("path", f"could be separated by {said}; type {hint}")
    blanks = _counts(lines, "blank")
    if blanks and blanks[0] > 1 and _is_even(blanks):
        return "blank"
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


def _is_even(counts: list[int]) -> bool:
    """Whether all rows have as many cells as the first, or all have one more, which is empty."""
    first, rest = counts[0], set(counts[1:])
    return rest <= {first} or rest == {first + 1}
