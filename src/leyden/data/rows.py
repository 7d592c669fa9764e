"""Lines of text to rows of cells, with quotes respected."""

import csv
import re
from collections.abc import Iterable, Iterator

from leyden.data.table_format import SEPARATORS, Separator

BLANK_CELL = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')
ONE_COLUMN = "\x1f"
"""A sign that is in no file: of those with one column."""


class BadQuote(Exception):
    """A row can't be read.

    Attributes:
        line: Where it begins, from 1.
        reason: What the reader of CSV says.
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
        raise BadQuote(line + 1, str(error)) from error


def _unquoted(quoted: str, bare: str) -> str:
    return bare or quoted.replace('""', '"')
