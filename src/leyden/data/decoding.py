"""Bytes to text, never with a loss: what does not fit is refused with the encoding that does."""

import codecs
import re

from leyden.data.unreadable import Unreadable

MARKS: dict[str, bytes] = {
    "utf-32": codecs.BOM_UTF32_LE,  # before UTF-16, whose mark it begins with
    "utf-8": codecs.BOM_UTF8,
    "utf-16": codecs.BOM_UTF16_LE,
    "utf-16 ": codecs.BOM_UTF16_BE,
}
"""Byte-order marks at the start of a file."""

LIKELY = ("cp1252", "latin-1")
"""Encodings of one byte a letter, the likelier first; the second takes any bytes."""

SHOWN = 40
"""Characters of a line that are shown."""


def decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    """The text of bytes, without a byte-order mark, and its encoding.

    Args:
        content: Of the file.
        encoding: As Python names it; None: as the mark says, or UTF-8.

    Raises:
        Unreadable: The bytes are not in it.
    """
    marked = next((name.strip() for name, mark in MARKS.items() if content.startswith(mark)), None)
    encoding = encoding or marked or "utf-8"
    try:
        _require_fit(encoding, marked)
        text = content.decode(encoding).removeprefix("\ufeff")
        if "\0" in text:
            raise Unreadable("path", _misfit(content, encoding, content.index(0)))
        _require_not_utf8(content, text, encoding)
        return text, encoding
    except LookupError as error:
        message = "is no encoding that Python knows; utf-8, utf-16, cp1252, ... are"
        raise Unreadable("encoding", message) from error
    except UnicodeDecodeError as error:
        raise Unreadable("path", _misfit(content, encoding, error.start)) from error
    except UnicodeError as error:
        raise Unreadable("encoding", f"can't read the file: {error}") from error


def _require_fit(encoding: str, marked: str | None) -> None:
    """Raises `Unreadable` where the file's mark says another encoding."""
    if marked is not None and not codecs.lookup(encoding).name.startswith(marked):
        raise Unreadable(
            "encoding", f"does not fit: the file begins with the mark of {marked}; leave it out"
        )


def _require_not_utf8(content: bytes, text: str, encoding: str) -> None:
    """Raises `Unreadable` where letters of several bytes were read as several letters."""
    if len(text) != len(content) or content.isascii():
        return
    try:
        read = content.decode("utf-8")
    except UnicodeDecodeError:
        return
    if len(read) < len(text):
        place = next(place for place, byte in enumerate(content) if byte > 127)
        wrong, right = (around(one[place:].splitlines()[0], 0) for one in (text, read))
        message = f"does not fit: the file is in UTF-8 (`{right}`, not `{wrong}`); leave it out"
        raise Unreadable("encoding", message)


def _misfit(content: bytes, encoding: str, place: int) -> str:
    """Where bytes don't fit, and in which encoding they make sense."""
    line = content.count(b"\n", 0, place) + 1
    wrong = f"is not in {encoding.upper()}: byte 0x{content[place]:02x} in line {line}"
    zeros = [content[start::2].count(0) / max(1, len(content[start::2])) for start in (0, 1)]
    if max(zeros) > 0.3 and min(zeros) < 0.1:
        fitting = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        return f"{wrong}; data.encoding={fitting} fits"
    start, end = content.rfind(b"\n", 0, place) + 1, content.find(b"\n", place)
    whole = content[start : end if end >= 0 else None]
    for fitting in ("utf-8", *LIKELY):
        try:
            content.decode(fitting)
            read = whole.decode(fitting)
        except UnicodeDecodeError:
            continue
        shown = around(read.strip(), len(whole[: place - start]))
        return f"{wrong}; data.encoding={fitting} reads `{shown}` there"
    return wrong


def around(text: str, place: int) -> str:
    """Some of a long line, with what is at a place."""
    if len(text) <= SHOWN:
        return text
    start = max(0, place - SHOWN // 2)
    return re.sub(r"\s+", " ", text[start : start + SHOWN])
