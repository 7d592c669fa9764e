"""Reading a table from a file: text, Parquet or NumPy, compressed or not."""

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from leyden.data.errors import DataError
from leyden.data.parsing.column_types import convert_typed_column, parse_text_column
from leyden.data.parsing.decoding import decode
from leyden.data.parsing.delimited import parse_cells
from leyden.data.parsing.file_formats import first_bytes, read_decompressed, unsupported_text_format
from leyden.data.parsing.number_format import NumberFormat, unambiguous_decimal
from leyden.data.parsing.numpy_file import ENDINGS, NPY
from leyden.data.parsing.table_format import TableFormat, missing_words
from leyden.data.parsing.typed_files import PARQUET, read_numpy_table, read_parquet
from leyden.data.report import DataReport

MOST_NAMES = 20
"""Number of columns that a message lists."""


def read_table(path: str, format: TableFormat, report: DataReport) -> pd.DataFrame:
    """The table in a file.

    A column of numbers is float64, with NaN where a cell is missing; one of dates or durations that
    the file itself has as such is datetime64 or timedelta64; any other is text, with None. Nothing
    is taken for a number that is not written as one: see `Column.problem`.

    Args:
        path: Path of the file; its first bytes say what it is.
        format: Format of the table, as far as the user says it.
        report: Report that is told what the file and each column are.

    Raises:
        DataError: It is no table, or it is not clear how it is to be read.
    """
    file = Path(path).expanduser()
    start, ending = first_bytes(file), file.suffix.lower()
    if start.startswith(NPY) or ending in ENDINGS:
        format.require_text_keys_unset("a file of NumPy")
        values = read_numpy_table(file)
    elif start.startswith(PARQUET) or ending == ".parquet":
        format.require_text_keys_unset("Parquet")
        values = read_parquet(file, report)
    else:
        return _frame(_text_columns(file, format, report), format, report)
    missing = format.missing_words
    return _frame([convert_typed_column(one, missing, report) for one in values], format, report)


def _text_columns(file: Path, format: TableFormat, report: DataReport) -> "list[pd.Series[Any]]":
    content, packing = read_decompressed(file)
    text, encoding = decode(content, format.encoding)
    instead = unsupported_text_format(text)
    if instead is not None:
        raise DataError("path", instead)
    report.source |= {"encoding": encoding} | ({"packed": packing} if packing else {})
    found = parse_cells(text, format, report)
    form = NumberFormat(format.decimal, format.thousands)
    columns = list(zip(found.names, found.columns, strict=True))
    form = replace(form, unambiguous=unambiguous_decimal(columns, form))
    return [
        parse_text_column(name, cells, found.lines, form, format.missing_words, report)
        for name, cells in columns
    ]


def _frame(
    columns: "list[pd.Series[Any]]", format: TableFormat, report: DataReport
) -> pd.DataFrame:
    found = {word for column in report.columns for word in column.missing}
    for given in format.missing:
        words = missing_words(given)
        if not words & found and not any(_same_number(str(given), word) for word in found):
            report.notes.append(f"data.missing: no cell is `{given}`")
    return pd.DataFrame({column.name: column for column in columns})


def _same_number(one: str, other: str) -> bool:
    form = NumberFormat()
    both = form.is_number(one) and form.is_number(other)
    return both and form.number(one) == form.number(other)


def column_of(frame: pd.DataFrame, name: str, *, key: str) -> "pd.Series[Any]":
    """A column by its name.

    Args:
        frame: Table with the column.
        name: Name of the column.
        key: The parameter that named it.

    Raises:
        DataError: There is none.
    """
    if name not in frame.columns:
        near = get_close_matches(name, frame.columns, n=1)
        more = len(frame.columns) - MOST_NAMES
        listed = ", ".join(frame.columns[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        hint = f"did you mean `{near[0]}`?" if near else f"the columns: {listed}"
        raise DataError(key, f"no column `{name}`; {hint}")
    return frame[name]


def numbers_of(
    frame: pd.DataFrame, name: str, report: DataReport, *, key: str
) -> "pd.Series[float]":
    """A column that has to hold numbers.

    Args:
        frame: Table with the column.
        name: Name of the column.
        report: Report of what the columns hold.
        key: The parameter that named it.

    Raises:
        DataError: There is none, or it holds no numbers.
    """
    values = column_of(frame, name, key=key)
    column = report.column(name)
    if column.problem:
        raise DataError(key, f"column `{name}`: {column.problem}")
    if column.kind == "empty":
        raise DataError(key, f"column `{name}` is empty")
    if column.kind != "numbers":
        raise DataError(key, f"column `{name}` holds {column.kind}, no numbers")
    return values
