"""Rows to a file as they come: CSV, JSON lines or Parquet, whole if it is there at all."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, TextIO

from leyden.errors import ConfigError, Problem
from leyden.files.csv_cells import csv_table
from leyden.files.temporary import temporary_folder

PREFIX = ".leyden-rows-"
FORMATS = ("csv", "jsonl", "parquet")
Kind = Literal["string", "int64", "float64"]
Columns = Mapping[str, Sequence[Any]]
"""Values of some rows by column; None is a missing one."""


class RowWriter(Protocol):
    """Takes blocks of rows."""

    def write(self, columns: Columns) -> None:
        """Adds rows."""


@contextmanager
def row_writer(path: Path | TextIO, format: str, kinds: Mapping[str, Kind]) -> Iterator[RowWriter]:
    """A writer to a file, which is moved to its place at the end; after an error there is none.

    Args:
        path: New file, or an open one that gets all at the end.
        format: One of `FORMATS`.
        kinds: Type of each column.

    Raises:
        ConfigError: The extra for Parquet is missing, or Parquet is asked for on a terminal.
    """
    if not isinstance(path, Path):
        if format == "parquet":
            raise ConfigError([Problem("--format", "parquet needs a file: --out FILE", format)])
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as file:
            yield _text_writer(file, format)
            file.seek(0)
            shutil.copyfileobj(file, path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path.parent, PREFIX) as folder:
        staged = folder / path.name
        if format == "parquet":
            with _parquet_writer(staged, kinds) as writer:
                yield writer
        else:
            with staged.open("w", encoding="utf-8", newline="") as file:
                yield _text_writer(file, format)
        staged.replace(path)


def _text_writer(file: TextIO, format: str) -> RowWriter:
    return _CSV(file) if format == "csv" else _JSONLines(file)


class _CSV:
    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.has_names = False

    def write(self, columns: Columns) -> None:
        table = csv_table(list(columns), zip(*columns.values(), strict=True))
        self.file.write(table.partition("\n")[2] if self.has_names else table)
        self.has_names = True


class _JSONLines:
    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, columns: Columns) -> None:
        for row in zip(*columns.values(), strict=True):
            line = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
            self.file.write(line + "\n")


class _Parquet:
    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def write(self, columns: Columns) -> None:
        import pyarrow as pa

        self.writer.write_table(pa.table(dict(columns), schema=self.writer.schema))


@contextmanager
def _parquet_writer(path: Path, kinds: Mapping[str, Kind]) -> Iterator[RowWriter]:
    try:
        import pyarrow as pa  # of the extra `parquet`
        from pyarrow.parquet import ParquetWriter
    except ModuleNotFoundError as error:
        message = "needs the package pyarrow: pip install 'leyden[parquet]'"
        raise ConfigError([Problem("--out", message, path.name)]) from error
    schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in kinds.items()])
    with ParquetWriter(path, schema) as writer:
        yield _Parquet(writer)
