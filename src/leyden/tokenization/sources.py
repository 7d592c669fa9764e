"""The files that a user names: what they are, and what tells whether they have changed."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

SourceKind = Literal["text", "jsonl", "parquet"]
KINDS: dict[str, SourceKind] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""By the end of a file's name; all others are text."""


class SourceError(ValueError):
    """A file can't be read as documents."""


@dataclass(frozen=True)
class Source:
    """A file.

    Attributes:
        path: As it was typed, or found below a folder that was.
        kind: Of text, that is one document; of lines or rows, each a document.
        size: Bytes of the file.
        modified: When it was last written, in nanoseconds.
        length: What there is to read of it: its bytes, or those of Parquet's column, unpacked.
    """

    path: str
    kind: SourceKind
    size: int
    modified: int
    length: int


def find_sources(paths: Iterable[str], text_key: str, *, leave_out: Path) -> list[Source]:
    """The files, and all files below the folders, in the order of their names; each once.

    Args:
        paths: Of files and folders. Hidden ones below a folder are left out.
        text_key: The column of Parquet that holds the text.
        leave_out: A folder that is not entered: what is made must not be read.

    Raises:
        SourceError: One is not there or no text.
    """
    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise SourceError(f"{path} is neither a file nor a folder")
        below = sorted(visible_files(path, leave_out)) if path.is_dir() else [path]
        files |= dict.fromkeys(below)
    sources = [source for file in files if (source := source_of(file, text_key)).length]
    if not sources:
        raise SourceError("there is no text")
    return sources


def visible_files(folder: Path, leave_out: Path) -> Iterator[Path]:
    """Files below a folder; what is hidden is left out, and so is a folder."""
    for root, folders, names in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and (Path(root) / name).resolve() != leave_out.resolve()
        ]
        found = (Path(root) / name for name in names if not name.startswith("."))
        yield from (file for file in found if file.is_file())


def source_of(file: Path, text_key: str) -> Source:
    """A file as a source."""
    kind = KINDS.get(file.suffix.lower(), "text")
    status = file.stat()
    length = status.st_size
    if kind == "parquet":
        rows = open_parquet(str(file), text_key)
        length = sum(column_size(rows, group, text_key) for group in range(rows.num_row_groups))
    else:
        with file.open("rb") as opened:
            if b"\0" in opened.read(4096):
                raise SourceError(f"{file} is no text; if it is packed, unpack it")
    return Source(str(file), kind, status.st_size, status.st_mtime_ns, length)


def open_parquet(path: str, text_key: str) -> Any:
    """A `pyarrow.parquet.ParquetFile` that has a column of text.

    Raises:
        SourceError: It has not, or the package is missing.
    """
    try:
        from pyarrow import ArrowException, types
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        message = f"{path} needs the package pyarrow: pip install 'leyden[parquet]'"
        raise SourceError(message) from error
    try:
        # Page by page: a group of rows may be larger than the memory.
        rows = ParquetFile(path, pre_buffer=False, buffer_size=2**20)
    except (ArrowException, OSError) as error:
        raise SourceError(f"{path} can't be read as Parquet: {error}") from error
    names = rows.schema_arrow.names
    if text_key not in names:
        raise SourceError(no_text_under(path, text_key, names))
    column = rows.schema_arrow.field(text_key).type
    if not (types.is_string(column) or types.is_large_string(column)):
        raise SourceError(f"{path} holds {column} in `{text_key}`, no text")
    return rows


def no_text_under(where: str, text_key: str, keys: Iterable[str]) -> str:
    """Says which keys there are instead."""
    return f"{where} has no text under `{text_key}`; type --text-key with one of {', '.join(keys)}"


def column_size(rows: Any, group: int, text_key: str) -> int:
    """Bytes of a column in one of the groups of rows of a Parquet file, unpacked."""
    metadata = rows.metadata.row_group(group)
    columns = (metadata.column(place) for place in range(metadata.num_columns))
    return sum(c.total_uncompressed_size for c in columns if c.path_in_schema == text_key)
