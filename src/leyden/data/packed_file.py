"""The bytes of a file, unpacked where it is packed; what it is, its first bytes say."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

from leyden.data.foreign_formats import binary_format
from leyden.data.unreadable import Unreadable

MOST_BYTES = 4 * 2**30
"""Of an unpacked file: a packed one of some kilobytes can hold more than any memory."""

CHUNK = 2**20
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte-order marks of UTF-16 and UTF-32, in which zero bytes are usual."""

PACKINGS: dict[str, bytes] = {
    "gzip": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\x00",
    "zstandard": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
BZIP2 = (b"BZh", b"1AY&SY")
"""The second comes after a digit."""

DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError)
UNKNOWN_PACKING = (NotImplementedError, RuntimeError)
"""A zip with a password, or packed in a way that Python does not know."""


def first_bytes(file: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        Unreadable: It is gone, a folder, empty, or may not be read.
    """
    try:
        if file.is_dir():
            raise Unreadable("path", "can't be read as a table: it is a folder, no file")
        if not file.is_file():
            what = "it is no file" if file.exists() else "there is no such file"
            raise Unreadable("path", f"can't be read as a table: {what}")
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise Unreadable("path", f"can't be read as a table: {error.strerror}") from error
    if not start:
        raise Unreadable("path", "can't be read as a table: the file is empty")
    return start


def packing_of(start: bytes) -> str | None:
    """How a file that begins so is packed; None: not at all."""
    if start.startswith(BZIP2[0]) and start[4:10] == BZIP2[1]:
        return "bzip2"
    return next((name for name, mark in PACKINGS.items() if start.startswith(mark)), None)


def unpacked(file: Path) -> tuple[bytes, str | None]:
    """The content of a file that holds text, and how it was packed.

    Raises:
        Unreadable: It is damaged, no text, or too large.
    """
    packing = packing_of(first_bytes(file))
    try:
        with _opened(file, packing) as opened:
            return _read_text(opened, is_packed=packing is not None), packing
    except UNKNOWN_PACKING as error:
        raise Unreadable("path", f"can't be unpacked ({packing}): {error}") from error
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
        what = "can't be read as a table" if packing is None else f"is damaged ({packing})"
        raise Unreadable("path", f"{what}: {reason}") from error


def _opened(file: Path, packing: str | None) -> io.BufferedIOBase:
    match packing:
        case None:
            return file.open("rb")
        case "zip":
            return _open_zip(file)
        case "zstandard":
            return _open_zstandard(file)
        case "gzip":
            return gzip.GzipFile(file, "rb")
        case "bzip2":
            return bz2.BZ2File(file, "rb")
        case _:
            return lzma.LZMAFile(file, "rb")


def _read_text(opened: io.BufferedIOBase, *, is_packed: bool) -> bytes:
    whole, is_wide = io.BytesIO(), False
    while chunk := opened.read(CHUNK):
        if whole.tell() == 0:
            is_wide = chunk.startswith(WIDE_MARKS)
            instead = binary_format(chunk)
            if instead is not None:
                raise Unreadable("path", instead)
        if b"\0" in chunk and not is_wide and not _may_be_wide(chunk):
            place = whole.tell() + chunk.index(b"\0")
            raise Unreadable(
                "path", f"can't be read as a table: byte {place:,} is zero, so it is no text"
            )
        whole.write(chunk)
        if is_packed and whole.tell() > MOST_BYTES:
            most = MOST_BYTES // 2**30
            raise Unreadable("path", f"unpacks to more than {most} GiB; unpack it yourself")
    return whole.getvalue()


def _may_be_wide(chunk: bytes) -> bool:
    """Whether it may be UTF-16 without its mark: of Latin letters every second byte is zero."""
    return chunk.count(0) > 0.3 * len(chunk) and b"\0\0" not in chunk


def _open_zip(file: Path) -> io.BufferedIOBase:
    archive = zipfile.ZipFile(file)
    names = [
        one.filename
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if "[Content_Types].xml" in names:
        raise Unreadable("path", "is a workbook of a spreadsheet; save it as CSV")
    if len(names) != 1:
        listed = ", ".join(names[:5]) or "nothing"
        raise Unreadable("path", f"holds {len(names)} files ({listed}); unpack it and name one")
    opened: Any = archive.open(names[0])
    return opened  # type: ignore[no-any-return]


def _open_zstandard(file: Path) -> io.BufferedIOBase:
    opened: Any
    if sys.version_info >= (3, 14):
        from compression import zstd

        opened = zstd.open(file, "rb")
        return opened  # type: ignore[no-any-return]
    try:
        import zstandard
    except ModuleNotFoundError as error:
        message = "is packed by zstandard: pip install zstandard, or unpack it"
        raise Unreadable("path", message) from error
    try:
        opened = zstandard.open(file, "rb")
        return io.BytesIO(opened.read(MOST_BYTES + 1))
    except zstandard.ZstdError as error:
        raise Unreadable("path", f"is damaged (zstandard): {error}") from error
