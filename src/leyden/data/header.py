"""The names of the columns of a text file: whether it has some, and which."""

from contextlib import suppress
from itertools import islice

from leyden.data.report import DataReport
from leyden.data.rows import BadQuote, read_rows
from leyden.data.separators import NUMBER, ROWS_LOOKED_AT
from leyden.data.shown import shown
from leyden.data.table_format import Separator, TableFormat
from leyden.data.unreadable import Unreadable
from leyden.data.words import MISSING_IN_NUMBERS

ROWS_JUDGED = 100
"""To tell whether the first row is data."""

FEWEST_ROWS_JUDGED = 5
"""With fewer, a name may come again in its column by chance."""


def names_of(
    first: list[str],
    comments: list[str],
    body: list[str],
    separator: Separator | None,
    format: TableFormat,
) -> tuple[list[str], bool]:
    """Names of the columns, and whether the first row is data.

    Raises:
        Unreadable: The first row looks like data, and the user does not say whether it is.
    """
    if format.header is False:
        return [str(place) for place in range(len(first))], True
    if format.header is None and _looks_like_data(first, body, separator):
        # numpy.savetxt writes the names behind a sign of comments.
        above = comments[-1].lstrip("# ") if comments else ""
        named = next(iter(read_rows([above], separator)), (0, []))[1] if above else []
        if len(named) == len(first):
            return [cell.strip() for cell in named], True
        some = ", ".join(map(shown, first[:4])) + (", ..." if len(first) > 4 else "")
        message = f"its first row looks like data, not like names ({some})"
        hint = "data.header=false reads it as data and calls the columns 0, 1, ..."
        raise Unreadable("path", f"{message}; {hint}; data.header=true takes it for names")
    return first, False


def _looks_like_data(first: list[str], body: list[str], separator: Separator | None) -> bool:
    """Whether each column of numbers begins with a number already, and there is one.

    Where none is, names are those that do not come again in their own column.
    """
    rows = _some_rows(body, separator, len(first))
    columns = [{row[place].strip() for row in rows} for place in range(len(first))]
    again = sum(cell in found for cell, found in zip(first, columns, strict=True))
    digits = [cell for cell in first if cell.isdecimal()]
    if len(digits) > 1 and digits == [str(place) for place in range(len(digits))]:
        texts = [place for place, cell in enumerate(first) if not cell.isdecimal()]
        if not any(first[place] in columns[place] for place in texts):
            return False  # pandas calls columns so that have no names
    if not rows:
        return all(NUMBER.fullmatch(cell) for cell in first)
    numbers = [place for place, found in enumerate(columns) if _are_numbers(found)]
    if numbers:
        return all(first[place] and _may_be_number(first[place]) for place in numbers)
    return len(rows) >= FEWEST_ROWS_JUDGED and again > len(first) / 2


def _are_numbers(cells: set[str]) -> bool:
    """Whether all cells are numbers but for missing ones."""
    return any(map(NUMBER.fullmatch, cells)) and all(map(_may_be_number, cells))


def _may_be_number(cell: str) -> bool:
    return not cell or cell.lower() in MISSING_IN_NUMBERS or bool(NUMBER.fullmatch(cell))


def _some_rows(body: list[str], separator: Separator | None, width: int) -> list[list[str]]:
    """The first rows after that of the names, of those that have so many cells."""
    rows = []
    with suppress(BadQuote):  # it is told where the rows are read
        for _, row in islice(read_rows(body, separator), 1, ROWS_JUDGED):
            rows += [row] if len(row) == width else []
    return rows


def have_row_names(names: list[str], body: list[str], separator: Separator | None) -> bool:
    """Whether each row begins with a name of its own, as R writes it: a cell more than the names.

    Numbers are names only where they count the rows: `1,5` may be one number in two cells.
    """
    keys, has_last = [], False
    with suppress(BadQuote):
        for _, row in islice(read_rows(body, separator), 1, ROWS_LOOKED_AT):
            if row and len(row) != len(names) + 1:
                return False
            keys += [row[0].strip()] if row else []
            has_last = has_last or bool(row and row[-1].strip())
    counted = [str(number) for number in range(1, len(keys) + 1)]
    are_names = keys == counted or not any(map(NUMBER.fullmatch, keys))
    return has_last and are_names and len(set(keys)) == len(keys) > 1


def distinct_names(names: list[str], columns: list[list[str]], report: DataReport) -> list[str]:
    """Names that are all there and differ, made as pandas makes them."""
    if not names[-1] and not any(columns[-1]):  # a separator at the end of the first row
        names = names[:-1]
        columns.pop()
    found: dict[str, None] = {}
    taken = set(names)
    for place, given in enumerate(names):
        name = " ".join(given.split())  # what can be typed
        free, again = name or f"Unnamed: {place}", 1
        while free in found or (free in taken and free != name):
            free = f"{name}.{again}"
            again += 1
        if name and free != name:
            report.warnings.append(f"two columns are called `{name}`; the second is `{free}` here")
        found[free] = None
    return list(found)
