"""The encoding of a text file, and what is no text."""

import codecs
import re
from dataclasses import dataclass
from difflib import get_close_matches
from encodings.aliases import aliases

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte-order marks."""
WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
"""Encodings that a mark completes, as they are read without one."""
STATEFUL = ("iso2022", "hz", "utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape")
"""Encodings in which a character depends on those before it."""
PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"(\xb5/\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf'\x1c": "7z",
}
"""First bytes of packed files."""
BEGINNING = 8192
"""Bytes that tell a text from other files."""
CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
"""Bytes that a text has no use for."""
MOST_CONTROLS = 0.02
"""Largest share of such bytes in a text."""
Scripts = tuple[tuple[str, str, float], ...]
SCRIPTS: Scripts = (
    ("shift_jis", "[\u3040-\u30ff]", 0.3),
    ("euc_jp", "[\u3040-\u30ff]", 0.3),
    ("euc_kr", "[\uac00-\ud7a3]", 0.9),
    ("cp1251", "[\u0430-\u044f\u0451]", 0.7),
    ("koi8_r", "[\u0430-\u044f\u0451]", 0.7),
    ("cp1253", "[\u03ac-\u03ce]", 0.7),
    ("gb18030", "[\u4e00-\u9fff\u3000-\u301e\uff01-\uff5e]", 0.9),
)
"""Encodings of other scripts than Latin: what in a text of theirs is frequent, and how frequent."""
LATIN = ("cp1252", "cp1250", "latin_1")


class NotText(ValueError):
    """Bytes are no text, or not in the encoding that is taken.

    Attributes:
        fits: Encoding that they are probably in.
    """

    def __init__(self, message: str, *, fits: str | None = None) -> None:
        super().__init__(message)
        self.fits = fits


@dataclass(frozen=True)
class Encoding:
    """The encoding of a file.

    Attributes:
        name: Python's name of the encoding.
        mark: Number of bytes of the byte-order mark before the text.
    """

    name: str = "utf-8"
    mark: int = 0

    @property
    def unit(self) -> int:
        """Bytes in whose multiples characters are long."""
        return {"utf-16": 2, "utf-32": 4}.get(self.name[:6], 1)

    def size(self, text: str) -> int:
        """Bytes that characters of the file have in it."""
        return len(text.encode(self.name))

    def __str__(self) -> str:
        return f"{self.name}, with a byte-order mark" if self.mark else self.name


def known_encoding(name: str) -> str:
    """Python's name of an encoding that a person names.

    Raises:
        NotText: There is none.
    """
    found = _name_of(name)
    if found is None:
        known = {*aliases, *aliases.values()}
        near = get_close_matches(name.lower(), sorted(filter(_name_of, known)), n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise NotText(f"there is no such encoding{hint}")
    if found.startswith(STATEFUL):
        raise NotText("can't be read in pieces; save the text as UTF-8")
    return found


def _name_of(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
        b"text".decode(found, "replace")  # there are codecs of other things than text
    except (LookupError, ValueError):
        return None
    return found


def encoding_of(beginning: bytes, wanted: str | None, file: object) -> Encoding:
    """The encoding of a file: the one that is wanted, or that of its mark, or UTF-8.

    Args:
        beginning: First bytes of the file.
        wanted: Encoding that the user says.
        file: Name of the file, for messages.

    Raises:
        NotText: There is no such encoding, or the file has the mark of another, or is in UTF-8.
    """
    name = None if wanted is None else known_encoding(wanted)
    for mark, marked in MARKS:
        if beginning.startswith(mark):
            if name is not None and name not in (marked, marked[:6], f"{marked}-sig"):
                message = f"{file} begins with the byte-order mark of {marked}, not of {name}"
                raise NotText(message, fits=marked)
            return Encoding(marked, len(mark))
    if name is not None and (letter := find_utf8_letter(beginning, name)):
        right, wrong = letter
        message = (
            f"{file} is in UTF-8, where it has `{right}`, not `{wrong}`; if other files are in"
            f" {name}, `iconv -f {name} -t utf-8 FILE` converts them"
        )
        raise NotText(message, fits="utf-8")
    return Encoding(WITHOUT_MARK.get(name or "utf-8", name or "utf-8"))


def find_utf8_letter(data: bytes, name: str) -> tuple[str, str] | None:
    """A letter of a text in UTF-8, and what would be read for it; None: it is in the encoding.

    Letters of several bytes are hardly ever what several letters of one byte happen to be.

    Args:
        data: Bytes of the file, or of its beginning.
        name: Encoding that is wanted.
    """
    if data.isascii() or name.startswith("utf"):
        return None
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data)
        letter = next((one for one in text if not one.isascii()), None)
        wrong = data.decode(name, "replace")
    except UnicodeDecodeError:
        return None
    if letter is None or len(wrong) != len(data):
        return None  # nothing can be told of encodings with several bytes a letter
    return letter, letter.encode().decode(name, "replace")


def why_not_text(beginning: bytes, wanted: str | None) -> str | None:
    """Why a file is no text; None: it may be one.

    Args:
        beginning: First bytes of the file.
        wanted: Encoding that the user says.
    """
    for first, name in PACKED.items():
        if beginning.startswith(first):
            return f"packed ({name})"
    if beginning.startswith(b"%PDF"):
        return "a PDF"
    is_marked = any(beginning.startswith(mark) for mark, _ in MARKS)
    if b"\0" not in beginning or is_marked or wanted or utf16_without_mark(beginning):
        return None
    if len(CONTROLS.findall(beginning)) <= MOST_CONTROLS * len(beginning):
        try:
            codecs.getincrementaldecoder("utf-8")().decode(beginning)
        except UnicodeDecodeError:
            return "binary"
        return None  # a text with a slip, which is shown where it is
    return "binary"


def decode(data: bytes, wanted: str | None, file: object) -> tuple[str, Encoding]:
    """The text of a whole file, without its mark; line ends stay as they are.

    Raises:
        NotText: It is none, or not in that encoding.
    """
    encoding = encoding_of(data, wanted, file)
    instead = why_not_text(data[:BEGINNING], wanted)
    if instead is not None:
        raise NotText(not_text_message(file, instead))
    try:
        text = data[encoding.mark :].decode(encoding.name)
    except UnicodeDecodeError as error:
        raise decoding_error(data, encoding, file, error.start + encoding.mark) from error
    require_no_nul(text, encoding, file, start=encoding.mark, beginning=data[:BEGINNING])
    return text, encoding


def not_text_message(file: object, instead: str) -> str:
    """Says what to do with a file that is none."""
    return f"{file} is no text but {instead}" + ("; unpack it" if "packed" in instead else "")


def require_no_nul(
    text: str, encoding: Encoding, file: object, *, start: int, beginning: bytes = b""
) -> None:
    """Raises `NotText` where a text holds a NUL character, with its offset in the file."""
    place = text.find("\0")
    if place >= 0:
        offset = start + encoding.size(text[:place])
        fits = utf16_without_mark(beginning) if encoding.name == "utf-8" else None
        raise NotText(f"{file} is no text: there is a NUL byte at offset {offset:,}", fits=fits)


def utf16_without_mark(data: bytes) -> str | None:
    """The UTF-16 that a text without a mark is in, by where its NUL bytes are."""
    first, second = (data[place::2].count(0) / max(1, len(data) // 2) for place in (0, 1))
    if max(first, second) < 0.3 or min(first, second) > 0.05:
        return None
    other = data[0::2] if second > first else data[1::2]
    if len(CONTROLS.findall(other)) > MOST_CONTROLS * len(other):
        return None
    return "utf-16-le" if second > first else "utf-16-be"


def decoding_error(data: bytes, encoding: Encoding, file: object, first: int) -> NotText:
    """Says how much of a file is not in an encoding, and in which it is.

    Args:
        data: Bytes of the file, or some of them.
        encoding: Encoding that does not fit.
        file: Name of the file, for messages.
        first: Offset of the first byte that can't be decoded.
    """
    fits = utf16_without_mark(data[:BEGINNING])
    place = f"0x{data[first]:02x} at offset {first:,}"
    if encoding.unit > 1:
        return NotText(f"{file} is not {encoding.name}: there is {place}", fits=fits)
    decoded = data[encoding.mark :].decode(encoding.name, "surrogateescape")  # a character a byte
    bad = len(re.findall("[\udc80-\udcff]", decoded))
    message = (
        f"{file} is not {encoding.name}: {bad:,} of its bytes ({100 * bad / len(data):.2g} %) can't"
        f" be decoded, the first is {place}"
    )
    if encoding.name != "utf-8":
        return NotText(message, fits=fits)
    good = len(re.findall("[^\0-\x7f\udc80-\udcff]", decoded))
    if good >= bad:
        return NotText(f"{message}; iconv -c -f utf-8 -t utf-8 FILE > CLEAN leaves them out")
    fits = fits or probable_encoding(data)
    if fits is not None:
        start, end = max(0, first - 12), first + 13
        shown = " ".join(data[start:end].decode(fits, "ignore").split())
        message += f"; in {fits} it reads `{shown}` there"
    return NotText(message, fits=fits)


def probable_encoding(data: bytes) -> str | None:
    """The encoding in which bytes are most like text; None: none is likely."""
    high, latin = len(re.findall(rb"[\x80-\xff]", data)), len(re.findall(rb"[A-Za-z]", data))
    if high > latin:
        for name, frequent, share in SCRIPTS:
            text = _decoded(data, name)
            others = len(re.findall("[^\0-\x7f]", text))
            if others and len(re.findall(frequent, text)) >= share * others:
                return name
        return None
    texts = {name: text for name in LATIN if (text := _decoded(data, name))}
    return max(texts, key=lambda name: len(re.findall(r"(?![\0-\x7f_])\w", texts[name])))


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError:
        return ""


def first_undecodable(data: bytes, encoding: Encoding, *, is_whole: bool) -> int | None:
    """Offset of the first byte that can't be decoded.

    Args:
        data: Bytes after the mark.
        encoding: Encoding to decode with.
        is_whole: Whether the bytes are all; otherwise they may end within a character.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)()
    try:
        decoder.decode(data, is_whole)
    except UnicodeDecodeError as error:
        return error.start
    return None
