"""A text file as rows of cells: quotes are respected, and each row has a cell for each name."""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import chain

from leyden.data.errors import DataError, excerpt
from leyden.data.parsing.rows import (
    NUMBER,
    QuoteError,
    column_names,
    find_separator,
    has_row_names,
    read_rows,
    row_layout,
    unique_names,
)
from leyden.data.parsing.table_format import SEPARATORS, Separator, TableFormat
from leyden.data.report import DataReport

EXCEL_LINE = re.compile(r'"?sep=(.)"?\s*')
"""Excel writes it above the names."""

ROWS_TOGETHER = 4096
"""Number of rows that are taken apart at once: row by row takes several times as long."""

CELLS_REMEMBERED = 10_000
"""Number of different cells of a column of which others are likely to be copies."""


@dataclass(frozen=True)
class TextTable:
    """The text in a table.

    Attributes:
        names: Names of the columns, all different.
        columns: The cells of each column, without blanks at their ends.
        lines: Line of the file in which each row ends, from 1.
    """

    names: list[str]
    columns: list[list[str]]
    lines: "array[int]"


def parse_cells(text: str, format: TableFormat, report: DataReport) -> TextTable:
    """The cells of a text file.

    Args:
        text: Text of the file.
        format: Format of the table, as far as the user says it.
        report: Report that is told what the file says, such as its separator.

    Raises:
        DataError: The separator is not clear, or rows have more or fewer cells than names.
    """
    lines = _lines(text)
    skipped, separator, comments = above_names(lines, format)
    if comments:
        report.source["comment lines"] = str(len(comments))
    body = lines[skipped:]
    if not any(line.strip() for line in body):
        raise DataError("path", "can't be read as a table: it has no rows")
    separator = separator or find_separator(body)
    report.source["separator"] = separator or "none: one column"
    rows = with_file_lines(read_rows(body, separator), skipped)
    first = next(rows)
    names, is_data = column_names(
        [cell.strip() for cell in first[1]], comments, body, separator, format
    )
    if not is_data and has_row_names(names, body, separator):
        report.notes.append("each row begins with a cell that has no name in the first row")
        names = ["", *names]
    try:
        table = _collect_columns(names, chain([first], rows) if is_data else rows, report)
    except _UnevenRows as error:
        raise DataError("path", error.message(body, separator, skipped)) from None
    return TextTable(unique_names(names, table.columns, report), table.columns, table.lines)


def _lines(text: str) -> list[str]:
    return StringIO(text, newline="").readlines()  # at \n, \r\n and \r, and at nothing else


def above_names(lines: list[str], format: TableFormat) -> tuple[int, Separator | None, list[str]]:
    """The number of lines above the names, the separator that one of them gives, and comments."""
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


def with_file_lines(
    rows: Iterator[tuple[int, list[str]]], skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line of the file."""
    try:
        for number, row in rows:
            yield skipped + number, row
    except QuoteError as error:
        reason = f"a quote in it can't be read ({error.reason})"
        if "end of data" in error.reason or "field limit" in error.reason:
            reason = "a quote that begins in it is not closed"
        line = skipped + error.line
        raise DataError("path", f"can't be read as a table: line {line}: {reason}") from error


class _StrippedCells(dict[str, str]):
    """Cells without blanks at their ends; those that come again are kept in memory once."""

    def __missing__(self, cell: str) -> str:
        if len(self) >= CELLS_REMEMBERED:
            self.clear()
        found = self[cell] = cell.strip()
        return found


class _Columns:
    """Rows, collected by column.

    Args:
        width: Number of cells of a row.
    """

    def __init__(self, width: int) -> None:
        self.columns: list[list[str]] = [[] for _ in range(width)]
        self.lines = array("q")
        self._stripped = [_StrippedCells() for _ in range(width)]
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


class _UnevenRows(Exception):
    """Rows have more or fewer cells than there are names.

    Attributes:
        line: Line of the first such row.
        cells: Number of cells of that row.
        uneven: Number of such rows.
        width: Number of names.
    """

    def __init__(self, line: int, cells: int, uneven: int, width: int) -> None:
        super().__init__(line, cells, uneven, width)
        self.line, self.cells, self.uneven, self.width = line, cells, uneven, width

    def message(self, body: list[str], separator: Separator | None, skipped: int) -> str:
        """What is wrong, and what to type.

        Args:
            body: Lines from that of the names on.
            separator: Sign between cells.
            skipped: Number of lines above the body.
        """
        such = f" ({self.uneven:,} such rows)" if self.uneven > 1 else ""
        said = f"line {self.line} has {self.cells} cells{such}, and {self.width} columns are named"
        layout = row_layout(body, separator)
        begins = layout.above > 0 and not any(map(NUMBER.fullmatch, layout.first))
        if layout.width != self.width and begins:
            some = ", ".join(excerpt(cell.strip()) for cell in layout.first[:4])
            key = f"data.skip_lines={skipped + layout.above}"
            hint = f"{key} takes line {skipped + layout.above + 1} for the names ({some})"
        elif layout.width == self.width and layout.below == self.uneven:
            hint = "nothing of the table follows: remove these lines at the end of the file"
        elif self.cells == self.width + 1:
            hint = "if each row begins with a name, its column needs a name too"
            hint += "; a number with a comma in it needs quotes" * (separator == "comma")
        else:
            hint = "data.separator and data.skip_lines say how it is written"
        return f"can't be read as a table: {said}; {hint}"


def _collect_columns(
    names: list[str], rows: Iterable[tuple[int, list[str]]], report: DataReport
) -> _Columns:
    """The cells of all rows.

    Raises:
        _Uneven: A row has more or fewer cells than there are names.
        DataError: There are no rows.
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
        raise _UnevenRows(*wrong, uneven, width)
    table.flush()
    table.cut_empty_end()
    if not table.lines:
        raise DataError("path", "can't be read as a table: it has names and no rows")
    if empty:
        report.rows_left_out["empty lines"] = empty
    return table
