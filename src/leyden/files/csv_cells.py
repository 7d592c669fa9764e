"""Cells of a table for spreadsheets, which take a text that begins like a formula for one.

A text that they would compute begins with an apostrophe, which they don't show
(https://owasp.org/www-community/attacks/CSV_Injection). `original` takes it away again.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from leyden.formatting import printable

FORMULA = re.compile(r"[ ']*[=+\-@\uFF0B\uFF0D\uFF1D\uFF20]")
"""Beginnings of a formula, in wide characters too; after apostrophes, so that none gets lost."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def neutralized(text: str) -> str:
    """A text that stays one; what reads as a number stays as it is."""
    is_formula = FORMULA.match(text) is not None and NUMBER.fullmatch(text) is None
    return f"'{text}" if is_formula else text


def original(cell: str) -> str:
    """The text of which `neutralized` made a cell."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table with all digits, and nothing for what is not known.

    Texts are quoted, since a spreadsheet may take semicolons or tabs for the ends of cells.
    """
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for row in (columns, *rows):
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: Any) -> Any:
    return neutralized(printable(value)) if isinstance(value, str) else value
