"""Rows of a large table, some thousand at a time, so that memory does not grow with the file."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

import pandas as pd

from leyden.data.errors import DataError, excerpt
from leyden.data.parsing.decoding import decode
from leyden.data.parsing.delimited import above_names, with_file_lines
from leyden.data.parsing.file_formats import DAMAGE, compression_of, first_bytes, open_unpacked
from leyden.data.parsing.numpy_file import ENDINGS, NPY
from leyden.data.parsing.rows import column_names, find_separator, has_row_names, read_rows
from leyden.data.parsing.table_format import TableFormat
from leyden.data.parsing.typed_files import PARQUET, parquet_batches, read_numpy_table

HEAD_LINES = 2000
"""Lines from which separator and names are told."""

HEAD_BYTES = 1 << 16
"""Bytes from which the encoding is told."""


@dataclass(frozen=True)
class RowBlock:
    """Some rows of a table.

    Attributes:
        first: Number of the first row, from 1.
        columns: Cells or values of each column by its name.
        uneven: Rows, from 0, with more or fewer cells than names, and what is wrong with them.
    """

    first: int
    columns: Mapping[str, "Sequence[str] | pd.Series[Any]"]
    uneven: dict[int, str]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def read_blocks(path: Path, format: TableFormat, *, size: int) -> Iterator[RowBlock]:
    """Blocks of the rows of a text, Parquet or NumPy file.

    Args:
        path: Path of the file; its first bytes say what it is.
        format: Format of text files, as far as it is said.
        size: Rows of a block.

    Raises:
        DataError: It is no table.
    """
    start, ending = first_bytes(path), path.suffix.lower()
    if start.startswith(PARQUET) or ending == ".parquet":
        frames = parquet_batches(path, size)
    elif start.startswith(NPY) or ending in ENDINGS:
        columns = read_numpy_table(path)
        count = len(columns[0])
        frames = ([one.iloc[k : k + size] for one in columns] for k in range(0, count, size))
    else:
        yield from _text_blocks(path, format, size)
        return
    first = 1
    for frame in frames:
        block = {str(one.name): one.reset_index(drop=True) for one in frame}
        yield RowBlock(first, block, {})
        first += len(frame[0])


def _text_blocks(path: Path, format: TableFormat, size: int) -> Iterator[RowBlock]:
    with _lines(path, format.encoding) as lines:
        head = list(islice(lines, HEAD_LINES))
        skipped, separator, comments = above_names(head, format)
        body = head[skipped:]
        if not any(line.strip() for line in body):
            raise DataError("path", "can't be read as a table: it has no rows")
        separator = separator or find_separator(body)
        rows = with_file_lines(read_rows(chain(body, lines), separator), skipped)
        _, first = next(rows)
        names, is_data = column_names(
            [cell.strip() for cell in first], comments, body, separator, format
        )
        if not is_data and has_row_names(names, body, separator):
            names = ["", *names]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise DataError("path", f"has several columns `{doubled[0]}`")
        whole = chain([first], (row for _, row in rows)) if is_data else (row for _, row in rows)
        number = 1
        while taken := list(islice((row for row in whole if row), size)):
            yield _block(names, taken, number)
            number += len(taken)
        if number == 1:
            some = ", ".join(map(excerpt, names[:4])) + (", ..." if len(names) > 4 else "")
            raise DataError("path", f"has no rows below the names ({some})")


def _block(names: list[str], rows: list[list[str]], first: int) -> RowBlock:
    width, uneven, even = len(names), dict[int, str](), []
    for place, row in enumerate(rows):
        cells = row[:-1] if len(row) == width + 1 and not row[-1].strip() else row
        if len(cells) != width:
            uneven[place] = f"has {len(cells)} cells, and {width} columns are named"
            cells = [""] * width
        even.append([cell.strip() for cell in cells])
    columns = dict(zip(names, map(list, zip(*even, strict=True)), strict=True))
    return RowBlock(first, columns, uneven)


@contextmanager
def _lines(path: Path, encoding: str | None) -> Iterator[Iterator[str]]:
    """Lines of a text file, unpacked and decoded as they are read."""
    packing = compression_of(first_bytes(path))
    try:
        with open_unpacked(path, packing) as file:
            head = file.read(HEAD_BYTES)
            cut = head.rfind(b"\n") + 1 if len(head) == HEAD_BYTES else len(head)
            _, found = decode(head[:cut] or head, encoding)
        with open_unpacked(path, packing) as file:
            marked = "utf-8-sig" if found == "utf-8" else found
            text = io.TextIOWrapper(cast(io.BufferedReader, file), encoding=marked, newline="")
            yield iter(text)
    except UnicodeDecodeError as error:
        message = f"is not {error.encoding} further on: {error.reason}; data.encoding says another"
        raise DataError("path", message) from error
    except DAMAGE as error:
        raise DataError("path", f"can't be read as a table: {error}") from error
