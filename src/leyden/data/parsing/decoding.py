"""Bytes to text without loss; where they do not fit, the error names an encoding that does."""

import codecs
import re

from leyden.data.errors import DataError
from leyden.tokenization.encoding import BEGINNING, probable_encoding, utf16_without_mark

MARKS: dict[str, bytes] = {
    "utf-32": codecs.BOM_UTF32_LE,  # before UTF-16, whose mark it begins with
    "utf-8": codecs.BOM_UTF8,
    "utf-16": codecs.BOM_UTF16_LE,
    "utf-16 ": codecs.BOM_UTF16_BE,
}
"""Byte-order marks at the start of a file."""

LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A letter of several bytes in UTF-8."""

EXCERPT_LENGTH = 40
"""Number of characters of a line that a message shows."""


def decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    """The text of bytes, without a byte-order mark, and its encoding.

    Args:
        content: Bytes of the file.
        encoding: Encoding, as Python names it; None: that of the mark, or UTF-8.

    Raises:
        DataError: The bytes are not in it.
    """
    marked = next((name.strip() for name, mark in MARKS.items() if content.startswith(mark)), None)
    encoding = encoding or marked or "utf-8"
    try:
        _require_fit(encoding, marked)
        text = content.decode(encoding).removeprefix("\ufeff")
        if "\0" in text:
            raise DataError("path", _describe_misfit(content, encoding, content.index(0)))
        _require_not_utf8(content, text, encoding)
        return text, encoding
    except LookupError as error:
        message = "is no encoding that Python knows; utf-8, utf-16, cp1252, ... are"
        raise DataError("encoding", message) from error
    except UnicodeDecodeError as error:
        raise DataError("path", _describe_misfit(content, encoding, error.start)) from error
    except UnicodeError as error:
        raise DataError("encoding", f"can't read the file: {error}") from error


def _require_fit(encoding: str, marked: str | None) -> None:
    """Raises `DataError` where the byte-order mark is that of another encoding."""
    if marked is not None and not codecs.lookup(encoding).name.startswith(marked):
        raise DataError(
            "encoding", f"does not fit: the file begins with the mark of {marked}; leave it out"
        )


def _require_not_utf8(content: bytes, text: str, encoding: str) -> None:
    """Raises `DataError` where letters of several bytes were read as several letters."""
    if len(text) != len(content) or content.isascii():
        return
    letters, bad = _letters_of_utf8(content)
    if len(letters) <= len(bad):
        return
    place = letters[0]
    right, wrong = (
        around(one.decode(name, "replace").splitlines()[0], 0)
        for one, name in ((content[place:], "utf-8"), (content[place:], encoding))
    )
    message = f"does not fit: the file is in UTF-8 (`{right}`, not `{wrong}`); leave it out"
    raise DataError("encoding", message)


def _letters_of_utf8(content: bytes) -> tuple[list[int], list[int]]:
    """Where letters of several bytes stand, and where bytes that are in none."""
    letters = [found.start() for found in LETTER.finditer(content)]
    others = [found.start() for found in re.finditer(rb"[\x80-\xff]", LETTER.sub(_zeros, content))]
    return letters, others


def _zeros(found: re.Match[bytes]) -> bytes:
    return b"\0" * len(found[0])


def _describe_misfit(content: bytes, encoding: str, place: int) -> str:
    """Where bytes do not fit, and the encoding in which they do."""
    line = content.count(b"\n", 0, place) + 1
    wrong = f"is not in {encoding.upper()}: byte 0x{content[place]:02x} in line {line}"
    wide = utf16_without_mark(content[:BEGINNING])
    if wide is not None:
        return f"{wrong}; data.encoding={wide} fits"
    start, end = content.rfind(b"\n", 0, place) + 1, content.find(b"\n", place)
    whole = content[start : end if end >= 0 else None]
    letters, bad = _letters_of_utf8(content)
    if len(letters) > len(bad) and encoding == "utf-8":
        shown = around(whole.decode("utf-8", "replace").strip(), len(whole[: place - start]))
        many = f"{len(bad):,} of its bytes are" if len(bad) > 1 else "this one byte is"
        return (
            f"{wrong} (`{shown}`): the file is in UTF-8, but {many} not; correct that in the file"
        )
    fitting = "utf-8" if letters and not bad else probable_encoding(content)
    fitting = fitting or _encoding_of_signs(content)
    if fitting is None:
        return wrong
    shown = around(whole.decode(fitting).strip(), len(whole[: place - start]))
    return f"{wrong}; data.encoding={fitting} reads `{shown}` there"


def _encoding_of_signs(content: bytes) -> str | None:
    """The encoding of Windows where all but ASCII are signs in it, such as a currency."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return None if any(one.isalpha() for one in text if ord(one) > 127) else "cp1252"


def around(text: str, place: int) -> str:
    """An excerpt of a long line around a place."""
    if len(text) <= EXCERPT_LENGTH:
        return text
    start = max(0, place - EXCERPT_LENGTH // 2)
    return re.sub(r"\s+", " ", text[start : start + EXCERPT_LENGTH])
