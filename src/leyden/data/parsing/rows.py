"""Lines of text to rows of cells: which sign separates them, and which names the columns have."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from leyden.data.errors import DataError, excerpt
from leyden.data.parsing.cells import MISSING_NUMBER_WORDS
from leyden.data.parsing.table_format import SEPARATORS, Separator, TableFormat
from leyden.data.report import DataReport

BLANK_CELL = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')
ONE_COLUMN = "\x1f"
"""A sign that is in no file: of those with one column."""


class QuoteError(Exception):
    """A row can't be read.

    Attributes:
        line: Line in which it begins, from 1.
        reason: Message of the CSV reader.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


def read_rows(lines: Iterable[str], separator: Separator | None) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells with the number of their last line, from 1; an empty line has no cells.

    Raises:
        BadQuote: A quote is not closed, or text follows a closed one.
    """
    if separator == "blank":
        for number, text in enumerate(lines, start=1):
            yield number, [_unquoted(*found) for found in BLANK_CELL.findall(text)]
        return
    sign = ONE_COLUMN if separator is None else SEPARATORS[separator]
    reader = csv.reader(lines, delimiter=sign, skipinitialspace=True, strict=True)
    line = 0
    try:
        for row in reader:
            line = reader.line_num
            yield line, row
    except csv.Error as error:
        raise QuoteError(line + 1, str(error)) from error


def _unquoted(quoted: str, bare: str) -> str:
    return bare or quoted.replace('""', '"')


ROWS_LOOKED_AT = 1000

NUMBER = re.compile(r"\s*[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
"""A number with either decimal sign."""


def find_separator(lines: list[str]) -> Separator | None:
    """The sign that splits all rows into as many cells as the first; None: there is one column.

    Blanks are taken where nothing else does.

    Args:
        lines: Lines of the file, from the row of names on.

    Raises:
        DataError: Several do, or none does.
    """
    counts: dict[Separator, list[int]] = {sign: _cell_counts(lines, sign) for sign in SEPARATORS}
    splitting = [sign for sign, found in counts.items() if found and found[0] > 1]
    even = [sign for sign in splitting if _is_even(counts[sign])]
    counts["blank"] = blanks = _cell_counts(lines, "blank")
    has_blanks = bool(blanks) and blanks[0] > 1 and _is_even(blanks)
    if even == ["tab"] and has_blanks and blanks[0] > counts["tab"][0]:
        even.append("blank")  # some write blanks and tabs as they come
    if len(even) == 1:
        return even[0]
    if len(even) > 1:
        said = " and ".join(f"{sign} ({counts[sign][0]} columns)" for sign in even)
        hint = " or ".join(f"data.separator={sign}" for sign in even)
        raise DataError("path", f"could be separated by {said}; type {hint}")
    below = [sign for sign in counts if sign != "blank" and _is_table_below(lines, sign)]
    if has_blanks and (not below or row_layout(lines, below[0]).width < 3):
        return "blank"
    if below and not splitting:
        return below[0]
    if not splitting:
        return None
    # The error that follows names the uneven row, by the sign that most rows agree with.
    return max(splitting, key=lambda sign: counts[sign].count(counts[sign][0]))


def _cell_counts(lines: list[str], sign: Separator) -> list[int]:
    """Cells of the first rows, of which empty ones do not count; 0 where a quote does not fit."""
    counts = []
    try:
        for _, row in islice(read_rows(lines, sign), ROWS_LOOKED_AT):
            counts += [len(row)] if row else []
    except QuoteError:
        counts.append(0)
    return counts


@dataclass(frozen=True)
class RowLayout:
    """The place of the rows of a table in a file.

    Attributes:
        width: Number of cells that most rows have.
        first: Cells of the first row that has so many.
        above: Number of lines before that row.
        below: Number of rows after the last one that has so many.
    """

    width: int
    first: list[str]
    above: int
    below: int


def row_layout(lines: list[str], separator: Separator | None) -> RowLayout:
    """Where the rows with the usual number of cells stand; of a file that has some rows."""
    rows: list[tuple[int, list[str]]] = []
    above = 0
    with suppress(QuoteError):
        for end, row in read_rows(lines, separator):
            rows += [(above, row)] if row else []
            above = end
    widths = Counter(len(row) for _, row in rows)
    width = widths.most_common(1)[0][0] if widths else 0
    usual = [place for place, (_, row) in enumerate(rows) if len(row) == width]
    if not usual:
        return RowLayout(width, [], 0, 0)
    above, first = rows[usual[0]]
    return RowLayout(width, first, above, len(rows) - 1 - usual[-1])


def _is_table_below(lines: list[str], sign: Separator) -> bool:
    """Whether a sign splits most rows alike, with names in the first of them, but not those above.

    Of numbers with a decimal comma in one column the first such row has no names.
    """
    found = row_layout(lines[:ROWS_LOOKED_AT], sign)
    return found.width > 1 and found.above > 0 and not any(map(NUMBER.fullmatch, found.first))


def _is_even(counts: list[int]) -> bool:
    """Whether all rows have as many cells as the first, or all have one more, which is empty."""
    first, rest = counts[0], set(counts[1:])
    return rest <= {first} or rest == {first + 1}


ROWS_JUDGED = 100
"""Number of rows that decide whether the first row is data."""

FEWEST_ROWS_JUDGED = 5
"""Number of rows below which a name may recur in its column by chance."""


def column_names(
    first: list[str],
    comments: list[str],
    body: list[str],
    separator: Separator | None,
    format: TableFormat,
) -> tuple[list[str], bool]:
    """Names of the columns, and whether the first row is data.

    Raises:
        DataError: The first row looks like data, and the user does not say whether it is.
    """
    if format.header is False:
        return [str(place) for place in range(len(first))], True
    if format.header is None and _looks_like_data(first, body, separator):
        # numpy.savetxt writes the names behind a sign of comments.
        above = comments[-1].lstrip("# ") if comments else ""
        named = next(iter(read_rows([above], separator)), (0, []))[1] if above else []
        if len(named) == len(first):
            return [cell.strip() for cell in named], True
        some = ", ".join(map(excerpt, first[:4])) + (", ..." if len(first) > 4 else "")
        message = f"its first row looks like data, not like names ({some})"
        hint = "data.header=false reads it as data and calls the columns 0, 1, ..."
        raise DataError("path", f"{message}; {hint}; data.header=true takes it for names")
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
    return not cell or cell.lower() in MISSING_NUMBER_WORDS or bool(NUMBER.fullmatch(cell))


def _some_rows(body: list[str], separator: Separator | None, width: int) -> list[list[str]]:
    """The first rows after that of the names, of those that have so many cells."""
    rows = []
    with suppress(QuoteError):  # it is raised where the rows are read
        for _, row in islice(read_rows(body, separator), 1, ROWS_JUDGED):
            rows += [row] if len(row) == width else []
    return rows


def has_row_names(names: list[str], body: list[str], separator: Separator | None) -> bool:
    """Whether each row begins with a name of its own, as R writes it: a cell more than the names.

    Numbers are names only where they count the rows: `1,5` may be one number in two cells.
    """
    keys, has_last = [], False
    with suppress(QuoteError):
        for _, row in islice(read_rows(body, separator), 1, ROWS_LOOKED_AT):
            if row and len(row) != len(names) + 1:
                return False
            keys += [row[0].strip()] if row else []
            has_last = has_last or bool(row and row[-1].strip())
    counted = [str(number) for number in range(1, len(keys) + 1)]
    are_names = keys == counted or not any(map(NUMBER.fullmatch, keys))
    return has_last and are_names and len(set(keys)) == len(keys) > 1


def unique_names(names: list[str], columns: list[list[str]], report: DataReport) -> list[str]:
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
