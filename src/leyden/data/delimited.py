"""A text file as rows of cells: quotes are respected, and each row has a cell for each name."""

import re
from array import array
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice

from leyden.data.report import DataReport
from leyden.data.rows import BadQuote, read_rows
from leyden.data.separators import find_separator
from leyden.data.shown import shown
from leyden.data.table_format import SEPARATORS, Separator, TableFormat
from leyden.data.unreadable import Unreadable

EXCEL_LINE = re.compile(r'"?sep=(.)"?\s*')
"""Excel writes it above the names."""

ROWS_TOGETHER = 4096
"""That are taken apart at once: row by row takes several times as long."""

CELLS_REMEMBERED = 10_000
"""Different ones of a column, of which others are likely to be copies."""

ROWS_JUDGED = 100
"""To tell whether the first row is data."""

NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Cells:
    """The text in a table.

    Attributes:
        names: Of the columns, all different.
        columns: The cells of each column, without blanks at their ends.
        lines: Line of the file in which each row ends, from 1.
    """

    names: list[str]
    columns: list[list[str]]
    lines: "array[int]"


def split_cells(text: str, format: TableFormat, report: DataReport) -> Cells:
    """The cells of a text file.

    Args:
        text: Of the file.
        format: What the user says of it.
        report: It is told what the file says, such as its separator.

    Raises:
        Unreadable: The separator is not clear, or rows have more or fewer cells than names.
    """
    lines = _lines(text)
    skipped, separator, comments = _above_names(lines, format)
    if comments:
        report.source["comment lines"] = str(len(comments))
    body = lines[skipped:]
    if not any(line.strip() for line in body):
        raise Unreadable("path", "can't be read as a table: it has no rows")
    separator = separator or find_separator(body)
    report.source["separator"] = separator or "none: one column"
    rows = _checked(read_rows(body, separator), skipped)
    first = next(rows)
    names, is_data = _names([cell.strip() for cell in first[1]], comments, body, separator, format)
    table = _collected(names, chain([first], rows) if is_data else rows, report)
    return Cells(_distinct_names(names, table.columns, report), table.columns, table.lines)


def _lines(text: str) -> list[str]:
    return StringIO(text, newline="").readlines()  # at \n, \r\n and \r, and at nothing else


def _above_names(lines: list[str], format: TableFormat) -> tuple[int, Separator | None, list[str]]:
    """How many lines stand above the names, the separator if one of them says it, and comments."""
    place, separator = format.skip_lines, format.separator
    comments: list[str] = []
    while place < len(lines):
        line = lines[place].strip()
        said = EXCEL_LINE.fullmatch(lines[place].rstrip("\r\n"))
        if said and place == format.skip_lines and said[1] in SEPARATORS.values():
            found = {sign: name for name, sign in SEPARATORS.items()}[said[1]]
            separator = separator or found
        elif line.startswith("#"):
            comments.append(line)
        elif line:
            break
        place += 1
    return place, separator, comments


def _checked(
    rows: Iterator[tuple[int, list[str]]], skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line of the file."""
    try:
        for number, row in rows:
            yield skipped + number, row
    except BadQuote as error:
        reason = f"a quote in it can't be read ({error.reason})"
        if "end of data" in error.reason or "field limit" in error.reason:
            reason = "a quote that begins in it is not closed"
        line = skipped + error.line
        raise Unreadable("path", f"can't be read as a table: line {line}: {reason}") from error


def _names(
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
    """Whether each column of numbers begins with a number already, and there is one."""
    if first == [str(place) for place in range(len(first))] and len(first) > 1:
        return False  # pandas calls columns so that have no names
    rows = []
    with suppress(BadQuote):  # it is told where the rows are read
        for _, row in islice(read_rows(body, separator), 1, ROWS_JUDGED):
            rows += [row] if len(row) == len(first) else []
    if not rows:
        return all(NUMBER.fullmatch(cell) for cell in first)
    numbers = [
        place
        for place, cells in enumerate(zip(*rows, strict=True))
        if all(NUMBER.fullmatch(cell.strip()) for cell in cells)
    ]
    return bool(numbers) and all(NUMBER.fullmatch(first[place]) for place in numbers)


class _Stripped(dict[str, str]):
    """Cells without blanks at their ends; those that come again are kept in memory once."""

    def __missing__(self, cell: str) -> str:
        if len(self) >= CELLS_REMEMBERED:
            self.clear()
        found = self[cell] = cell.strip()
        return found


class _Columns:
    """Rows, collected by column.

    Args:
        width: Cells of a row.
    """

    def __init__(self, width: int) -> None:
        self.columns: list[list[str]] = [[] for _ in range(width)]
        self.lines = array("q")
        self._stripped = [_Stripped() for _ in range(width)]
        self._rows: list[list[str]] = []

    def append(self, line: int, row: list[str]) -> None:
        self.lines.append(line)
        self._rows.append(row)
        if len(self._rows) == ROWS_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Takes the rows apart that are not yet so."""
        for column, stripped, cells in zip(
            self.columns, self._stripped, zip(*self._rows, strict=True), strict=False
        ):
            column += map(stripped.__getitem__, cells)
        self._rows = []

    def cut_empty_end(self) -> None:
        """Drops rows of empty cells at the end."""
        while self.lines and not any(column[-1] for column in self.columns):
            self.lines.pop()
            for column in self.columns:
                column.pop()


def _collected(
    names: list[str], rows: Iterable[tuple[int, list[str]]], report: DataReport
) -> _Columns:
    """The cells of all rows.

    Raises:
        Unreadable: A row has more or fewer cells than there are names.
    """
    width = len(names)
    table = _Columns(width)
    empty = uneven = 0
    wrong: tuple[int, int] | None = None
    for line, row in rows:
        if len(row) == width + 1 and not row[-1].strip():
            row = row[:-1]  # a separator at the end of each row
        if not row and width == 1:
            row = [""]
        if not row:
            empty += 1
        elif len(row) != width:
            uneven += 1
            wrong = wrong or (line, len(row))
        else:
            table.append(line, row)
    if wrong is not None:
        raise Unreadable("path", _uneven(*wrong, uneven, width))
    table.flush()
    table.cut_empty_end()
    if not table.lines:
        raise Unreadable("path", "can't be read as a table: it has names and no rows")
    if empty:
        report.rows_left_out["empty lines"] = empty
    return table


def _uneven(line: int, cells: int, uneven: int, width: int) -> str:
    such = f" ({uneven:,} such rows)" if uneven > 1 else ""
    message = f"can't be read as a table: line {line} has {cells} cells{such}, and {width} columns"
    if cells == width + 1:
        return f"{message} are named; if each row begins with a name, its column needs a name too"
    return f"{message} are named; data.separator and data.skip_lines say how it is written"


def _distinct_names(names: list[str], columns: list[list[str]], report: DataReport) -> list[str]:
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
