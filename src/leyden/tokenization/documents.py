"""Reads the documents of a range of a source, piece by piece, so that no size needs more memory."""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import Any, BinaryIO

from leyden.tokenization.encoding import Encoding, NotText, require_no_nul
from leyden.tokenization.sources import (
    SourceError,
    SourceFile,
    column_size,
    missing_key_message,
    open_parquet,
)
from leyden.tokenization.split import SplitName
from leyden.tokenization.tokenizer import well_formed

PIECE_BYTES = 2**20
"""Approximate size of the pieces in which a long document is tokenized."""
BEGINNING_BYTES = 2**16
"""Number of bytes at the beginning of a document that decide its split."""
ROWS = 64
"""Number of rows of Parquet that are unpacked at a time."""
UTF_8 = Encoding()
WORD_END = re.compile(rb"[A-Za-z0-9](?=\s)")


@dataclass(frozen=True)
class Range:
    """A range of a source: the documents that begin in it; of a text file the stretch itself.

    Attributes:
        source: File to read.
        start: Start, in the units of `SourceFile.length`.
        stop: End, in the units of `SourceFile.length`.
        part: Split of all of it; None: the text of each document decides.
        is_beginning: Whether a document, or the share of it in one split, begins here.
    """

    source: SourceFile
    start: int
    stop: int
    part: SplitName | None = None
    is_beginning: bool = True


@dataclass(frozen=True)
class Piece:
    """A document, or a piece of a long one.

    Attributes:
        text: Text of the piece.
        key: Key of the document: a number below 2^64 that its beginning decides.
        is_beginning: Whether the document begins here.
        length: Length that was read of the source, in the units of `SourceFile.length`.
        num_bytes: Number of bytes of the text: of a text file its own, of others those of UTF-8.
    """

    text: str
    key: int
    is_beginning: bool
    length: int
    num_bytes: int


def read_pieces(place: Range, text_key: str) -> Iterator[Piece]:
    """The pieces of a range, in order. Documents without text are left out.

    Args:
        place: Range to read. Ranges of a source that meet without a gap give each document once.
        text_key: Key of the text in JSON, or its column in Parquet.

    Raises:
        SourceError: Something there is no document.
    """
    if place.source.kind == "jsonl":
        return _read_lines(place, text_key)
    return _read_rows(place, text_key) if place.source.kind == "parquet" else _read_text(place)


def key_of(beginning: bytes) -> int:
    """A document's key."""
    return int.from_bytes(blake2b(beginning[:BEGINNING_BYTES], digest_size=8).digest(), "little")


def _read_text(place: Range) -> Iterator[Piece]:
    source = place.source
    encoding = Encoding(source.encoding, source.mark)
    with Path(source.path).open("rb") as file:
        file.seek(source.mark)
        beginning = file.read(BEGINNING_BYTES)
        if source.encoding != "utf-8":  # the same text has the same key in every encoding
            beginning = beginning.decode(source.encoding, "ignore").encode()
        key = key_of(beginning)
        start = cut_near(file, place.start, source.size, encoding)
        stop = cut_near(file, place.stop, source.size, encoding)
        is_beginning = place.is_beginning
        for data, at in _cut(file, start, stop, encoding):
            yield Piece(_decoded(data, at, source), key, is_beginning, len(data), len(data))
            is_beginning = False


def _decoded(data: bytes, start: int, source: SourceFile) -> str:
    """The text of a stretch of a file.

    Args:
        data: Bytes of the stretch.
        start: Offset of the stretch in the file.
        source: File to read.

    Raises:
        SourceError: It is no text.
    """
    encoding = Encoding(source.encoding, source.mark)
    mark = max(0, min(len(data), source.mark - start))
    try:
        text = data[mark:].decode(source.encoding)
        require_no_nul(text, encoding, source.path, start=start + mark)
    except UnicodeDecodeError as error:
        offset = start + mark + error.start
        message = f"{source.path} is not {source.encoding}: there is"
        byte = f"0x{data[mark + error.start]:02x} at offset {offset:,}"
        raise SourceError(f"{message} {byte}; type its --encoding and another folder") from error
    except NotText as error:
        raise SourceError(str(error)) from error
    return text


def _read_lines(place: Range, text_key: str) -> Iterator[Piece]:
    with Path(place.source.path).open("rb") as file:
        start = place.start
        if start > 0:  # the line that reaches into the range belongs to the one before
            file.seek(start - 1)
            start += len(file.readline()) - 1
        while start < place.stop and (line := file.readline()):
            if not line.isspace():
                text = _text_of(line, text_key, place.source, start)
                yield from _document(text, len(line))
            start += len(line)


def _text_of(line: bytes, text_key: str, source: SourceFile, start: int) -> str:
    def where() -> str:
        with Path(source.path).open("rb") as file:
            return f"{source.path}, line {sum(1 for _ in _lines_before(file, start)) + 1},"

    mark = source.mark if start == 0 else 0
    try:
        record = json.loads(line[mark:].decode(source.encoding))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where()} is not JSON: {error}") from error
    if not isinstance(record, dict):
        raise SourceError(f"{where()} is JSON but not of the form {{{json.dumps(text_key)}: ...}}")
    text = record.get(text_key, 0)
    if not isinstance(text, str | None):
        raise SourceError(missing_key_message(where(), text_key, record))
    return text or ""


def _lines_before(file: BinaryIO, stop: int) -> Iterator[bytes]:
    while file.tell() < stop:
        yield file.readline()


def _read_rows(place: Range, text_key: str) -> Iterator[Piece]:
    rows = open_parquet(place.source.path, text_key)
    start = 0
    for group in range(rows.num_row_groups):
        length = column_size(rows, group, text_key)
        num_rows = rows.metadata.row_group(group).num_rows
        # A row's place is its share of the group, so that ranges that meet share out the rows.
        first, last = (
            min(num_rows, max(0, ceil((end - start) * num_rows / max(1, length))))
            for end in (place.start, place.stop)
        )
        try:
            for text in _texts(rows, group, text_key, first, last):
                yield from _document(text or "", length // num_rows)
        except ValueError as error:  # of pyarrow
            raise SourceError(f"{place.source.path} is damaged: {error}") from error
        start += length


def _texts(rows: Any, group: int, text_key: str, first: int, last: int) -> Iterator[str | None]:
    if first >= last:
        return
    number = 0
    for batch in rows.iter_batches(ROWS, row_groups=[group], columns=[text_key]):
        end = number + len(batch)
        if end > first:
            chosen = batch.column(0).slice(max(0, first - number), last - max(first, number))
            yield from (text.as_py() for text in chosen)
        number = end
        if number >= last:
            return


def _document(text: str, length: int) -> Iterator[Piece]:
    data = well_formed(text).encode()
    is_beginning = True
    for piece, _ in _cut(BytesIO(data), 0, len(data), Encoding()):
        read_length = length if is_beginning else 0
        yield Piece(piece.decode(), key_of(data), is_beginning, read_length, len(piece))
        is_beginning = False


def _cut(file: BinaryIO, start: int, stop: int, encoding: Encoding) -> Iterator[tuple[bytes, int]]:
    """Stretches of a file that end with a word, and where they begin."""
    while start < stop:
        end = cut_near(file, start + PIECE_BYTES, stop, encoding)
        file.seek(start)
        yield file.read(end - start), start
        start = end


def cut_near(file: BinaryIO, place: int, end: int, encoding: Encoding = UTF_8) -> int:
    """The end of the next word, so that no token is lost by a cut; else of the character.

    Tokenizers that learn from words, as GPT-2's, never join a letter with a space after it.

    Args:
        file: File of text.
        place: Least offset of the cut; below 1 it is the beginning of the text.
        end: End of the text, the largest offset of the cut.
        encoding: Encoding of the text.
    """
    if place <= 0 or place >= end:
        return max(0, min(place, end))
    if encoding.name != "utf-8":
        return _cut_decoded(file, max(place, encoding.mark), end, encoding)
    file.seek(place - 1)
    window = file.read(min(BEGINNING_BYTES, end - place + 1))
    found = WORD_END.search(window)
    if found:
        return place - 1 + found.end()
    rest = 1  # bytes 10xxxxxx go on with a character
    while rest < min(4, len(window)) and window[rest] & 0xC0 == 0x80:
        rest += 1
    return place - 1 + rest


def _cut_decoded(file: BinaryIO, place: int, end: int, encoding: Encoding) -> int:
    """What `cut_near` does, of text in another encoding than UTF-8."""
    start = _character_before(file, place, encoding)
    file.seek(start)
    text = file.read(place - start + BEGINNING_BYTES).decode(encoding.name, "ignore")
    sizes = accumulate(len(character.encode(encoding.name)) for character in text)
    at = bisect_left(list(sizes), place - start)  # the character that reaches the place
    found = re.compile(r"\w(?=\s)").search(text, at)
    stop = found.end() if found else at + 1
    return min(end, start + encoding.size(text[:stop]))


def _character_before(file: BinaryIO, place: int, encoding: Encoding) -> int:
    """The beginning of a character at a place or before it."""
    if encoding.unit == 1:
        return _line_before(file, place, encoding.mark)
    start = place - place % encoding.unit
    if encoding.unit == 2 and start > encoding.mark:
        file.seek(start)
        pair = int.from_bytes(file.read(2), "little" if encoding.name.endswith("le") else "big")
        start -= 2 * (0xDC00 <= pair <= 0xDFFF)  # the second half of a surrogate pair
    return start


def _line_before(file: BinaryIO, place: int, mark: int) -> int:
    """The beginning of a line before a place: no character of several bytes lies across it.

    In no encoding of bytes that Python knows has a later byte of a character the value of a line
    break. Without a line break for long the place itself is taken.
    """
    first = max(mark, place - BEGINNING_BYTES)
    file.seek(first)
    found = file.read(place - first).rfind(b"\n")
    return first + found + 1 if found >= 0 else (mark if first == mark else place)
