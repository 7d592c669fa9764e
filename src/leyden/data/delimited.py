"""A text file as rows of cells: quotes are respected, and each row has a cell for each name."""

import re
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from leyden.data.report import DataReport
from leyden.data.rows import BadQuote, read_rows
from leyden.data.separators import find_separator
from leyden.data.table_format import SEPARATORS, Separator, TableFormat
from leyden.data.unreadable import Unreadable

EXCEL_LINE = re.compile(r'"?sep=(.)"?\s*')
"""Excel writes it above the names."""

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
    first_line, first = next(rows)
    names, is_data = _names(first, comments, body, separator, format)
    return _columns(names, [(first_line, first)] if is_data else [], rows, report)


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
    """Rows with the line of the file, without blanks at the ends of cells."""
    try:
        for number, row in rows:
            yield skipped + number, [cell.strip() for cell in row]
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
        shown = ", ".join(first[:4]) + (", ..." if len(first) > 4 else "")
        message = f"its first row looks like data, not like names ({shown})"
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


def _columns(
    names: list[str],
    first: list[tuple[int, list[str]]],
    rows: Iterator[tuple[int, list[str]]],
    report: DataReport,
) -> Cells:
    """The cells by column.

    Raises:
        Unreadable: A row has more or fewer cells than there are names.
    """
    width = len(names)
    kept: list[list[str]] = []
    lines = array("q")
    empty = uneven = 0
    wrong: tuple[int, int] | None = None
    for line, row in [*first, *rows] if first else rows:
        if len(row) == width + 1 and not row[-1]:
            row = row[:-1]  # a separator at the end of each row
        if not row and width == 1:
            row = [""]
        if not row:
            empty += 1
        elif len(row) != width:
            uneven += 1
            wrong = wrong or (line, len(row))
        else:
            kept.append(row)
            lines.append(line)
    if wrong is not None:
        raise Unreadable("path", _uneven(*wrong, uneven, width))
    while kept and not any(kept[-1]):  # rows of empty cells at the end
        kept.pop()
        lines.pop()
    if not kept:
        raise Unreadable("path", "can't be read as a table: it has names and no rows")
    if empty:
        report.rows_left_out["empty lines"] = empty
    columns = [list(column) for column in zip(*kept, strict=True)]
    return Cells(_distinct_names(names, columns, report), columns, lines)


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
    for place, name in enumerate(names):
        free, again = name or f"Unnamed: {place}", 1
        while free in found or (free in taken and free != name):
            free = f"{name}.{again}"
            again += 1
        if name and free != name:
            report.warnings.append(f"two columns are called `{name}`; the second is `{free}` here")
        found[free] = None
    return list(found)
