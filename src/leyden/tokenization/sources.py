"""The files that a user names: what they are, and what tells whether they have changed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from leyden.files.walk import find_files
from leyden.tokenization.encoding import (
    BEGINNING,
    Encoding,
    NotText,
    decoding_error,
    encoding_of,
    first_undecodable,
    known_encoding,
    not_text_message,
    require_no_nul,
    why_not_text,
)

SourceKind = Literal["text", "jsonl", "parquet"]
KINDS: dict[str, SourceKind] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""By the end of a file's name; all others are text."""
CHECKED_BYTES = 2**26
"""Number of bytes of each text that are decoded before anything is written."""


class SourceError(ValueError):
    """A file can't be read as documents."""


@dataclass(frozen=True)
class SourceFile:
    """A file to tokenize.

    Attributes:
        path: Path, as typed, or as found below a folder.
        kind: Kind of file: text is one document; each line or row is a document.
        size: Size of the file in bytes.
        modified: Time of the last change, in nanoseconds.
        length: Number of bytes to read: of the file, or of the column of Parquet, unpacked.
        encoding: Encoding of text and of lines.
        mark: Number of bytes of the byte-order mark at its beginning, which are no text.
    """

    path: str
    kind: SourceKind
    size: int
    modified: int
    length: int
    encoding: str = "utf-8"
    mark: int = 0


def find_sources(
    paths: Iterable[str],
    text_key: str,
    *,
    leave_out: Path,
    encoding: str | None = None,
    left_out: Counter[str] | None = None,
) -> list[SourceFile]:
    """The files, and all files below the folders, in the order of their names; each once.

    Args:
        paths: Paths of files and folders. Hidden and binary files below a folder are left out.
        text_key: Column of Parquet that holds the text.
        leave_out: Folder that is not entered: what is made must not be read.
        encoding: Encoding of text; None: UTF-8, or that of a byte-order mark.
        left_out: Counter of the files below folders that are left out, by reason.

    Raises:
        SourceError: One is not there or no text.
    """
    left_out = Counter() if left_out is None else left_out
    if encoding is not None:
        try:
            known_encoding(encoding)
        except NotText as error:
            raise SourceError(f"--encoding={encoding}: {error}") from error
    files: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise SourceError(f"{path} is neither a file nor a folder")
        if path.is_dir():
            found = find_files(path, leave_out=leave_out)
            reasons = {
                file: None if kind_of(file) == "parquet" else reason_to_leave_out(file, encoding)
                for file in found.files
            }
            left_out.update(found.left_out + Counter(filter(None, reasons.values())))
            files |= dict.fromkeys(file for file, reason in reasons.items() if reason is None)
        else:
            files[path] = None
    sources = [one for file in files if (one := source_of(file, text_key, encoding)).length]
    if not sources:
        raise SourceError("there is no text")
    return sources


def reason_to_leave_out(file: Path, encoding: str | None) -> str | None:
    """Why a file of a folder is no text; None: it may be text."""
    with file.open("rb") as opened:
        instead = why_not_text(opened.read(BEGINNING), encoding)
    return f"{instead}, ending {file.suffix.lower()}" if instead and file.suffix else instead


def kind_of(file: Path) -> SourceKind:
    """What a file holds, by its name."""
    return KINDS.get(file.suffix.lower(), "text")


def source_of(file: Path, text_key: str, encoding: str | None = None) -> SourceFile:
    """A file as a source."""
    kind, status = kind_of(file), file.stat()
    length, found = status.st_size, Encoding()
    if kind == "parquet":
        rows = open_parquet(str(file), text_key)
        length = sum(column_size(rows, group, text_key) for group in range(rows.num_row_groups))
    else:
        found = check_encoding(file, encoding)
        if kind == "jsonl" and found.unit > 1:
            raise SourceError(f"{file} is {found.name}; lines of JSON are read as UTF-8")
        length = 0 if length == found.mark else length
    return SourceFile(
        str(file), kind, status.st_size, status.st_mtime_ns, length, found.name, found.mark
    )


def check_encoding(file: Path, wanted: str | None) -> Encoding:
    """The encoding of a text, of which the beginning, or all, has been decoded.

    Raises:
        SourceError: It is no text, or is in another encoding.
    """
    with file.open("rb") as opened:
        data = opened.read(CHECKED_BYTES)
    try:
        encoding = encoding_of(data, wanted, file)
        instead = why_not_text(data[:BEGINNING], wanted)
        if instead is not None:
            raise NotText(not_text_message(file, instead))
        is_whole = len(data) < CHECKED_BYTES
        wrong = first_undecodable(data[encoding.mark :], encoding, is_whole=is_whole)
        if wrong is not None:
            raise decoding_error(data, encoding, file, wrong + encoding.mark)
        text = data[encoding.mark :].decode(encoding.name, "ignore")
        require_no_nul(text, encoding, file, start=encoding.mark, beginning=data[:BEGINNING])
    except NotText as error:
        raise source_error(error) from error
    return encoding


def source_error(error: NotText) -> SourceError:
    """What is no text, with what to type."""
    return SourceError(f"{error}; type --encoding {error.fits}" if error.fits else str(error))


def open_parquet(path: str, text_key: str) -> Any:
    """A `pyarrow.parquet.ParquetFile` that has a column of text.

    Raises:
        SourceError: It has not, or the package is missing.
    """
    try:
        from pyarrow import ArrowException, types  # of the extra `parquet`
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
        raise SourceError(missing_key_message(path, text_key, names))
    column = rows.schema_arrow.field(text_key).type
    if not (types.is_string(column) or types.is_large_string(column)):
        raise SourceError(f"{path} holds {column} in `{text_key}`, no text")
    return rows


def missing_key_message(where: str, text_key: str, keys: Iterable[str]) -> str:
    """Says which keys there are instead."""
    return f"{where} has no text under `{text_key}`; type --text-key with one of {', '.join(keys)}"


def column_size(rows: Any, group: int, text_key: str) -> int:
    """Bytes of a column in one of the groups of rows of a Parquet file, unpacked."""
    metadata = rows.metadata.row_group(group)
    columns = (metadata.column(place) for place in range(metadata.num_columns))
    return sum(c.total_uncompressed_size for c in columns if c.path_in_schema == text_key)
