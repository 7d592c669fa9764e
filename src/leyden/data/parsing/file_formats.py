"""The bytes of a file, unpacked where it is packed, and the formats that are no table as text."""

import bz2
import gzip
import io
import lzma
import re
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

from leyden.data.errors import DataError

MOST_BYTES = 4 * 2**30
"""Largest size of a decompressed file: some kilobytes can unpack to more than any memory."""

CHUNK = 2**20
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""Byte-order marks of UTF-16 and UTF-32, in which zero bytes are usual."""

COMPRESSIONS: dict[str, bytes] = {
    "gzip": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\x00",
    "zstandard": b"\x28\xb5\x2f\xfd",
    "zip": b"PK\x03\x04",
}
BZIP2 = (b"BZh", b"1AY&SY")
"""The second comes after a digit."""

DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError)
UNSUPPORTED_COMPRESSION = (NotImplementedError, RuntimeError)
"""A zip with a password, or packed in a way that Python does not know."""


def first_bytes(file: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        DataError: It is gone, a folder, empty, or may not be read.
    """
    try:
        if file.is_dir():
            raise DataError("path", "can't be read as a table: it is a folder, no file")
        if not file.is_file():
            what = "it is no file" if file.exists() else "there is no such file"
            raise DataError("path", f"can't be read as a table: {what}")
        with file.open("rb") as opened:
            start = opened.read(16)
    except OSError as error:
        raise DataError("path", f"can't be read as a table: {error.strerror}") from error
    if not start:
        raise DataError("path", "can't be read as a table: the file is empty")
    return start


def compression_of(start: bytes) -> str | None:
    """The compression of a file that begins so; None: there is none."""
    if start.startswith(BZIP2[0]) and start[4:10] == BZIP2[1]:
        return "bzip2"
    return next((name for name, mark in COMPRESSIONS.items() if start.startswith(mark)), None)


def read_decompressed(file: Path) -> tuple[bytes, str | None]:
    """The decompressed content of a text file, and its compression.

    Raises:
        DataError: It is damaged, no text, or too large.
    """
    packing = compression_of(first_bytes(file))
    try:
        with open_unpacked(file, packing) as opened:
            return _read_text(opened, is_packed=packing is not None), packing
    except UNSUPPORTED_COMPRESSION as error:
        raise DataError("path", f"can't be unpacked ({packing}): {error}") from error
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
        what = "can't be read as a table" if packing is None else f"is damaged ({packing})"
        raise DataError("path", f"{what}: {reason}") from error


def open_unpacked(file: Path, packing: str | None) -> io.BufferedIOBase:
    """A file that is unpacked as it is read."""
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
            instead = unsupported_binary_format(chunk)
            if instead is not None:
                raise DataError("path", instead)
        if b"\0" in chunk and not is_wide and not _may_be_wide(chunk):
            place = whole.tell() + chunk.index(b"\0")
            raise DataError(
                "path", f"can't be read as a table: byte {place:,} is zero, so it is no text"
            )
        whole.write(chunk)
        if is_packed and whole.tell() > MOST_BYTES:
            most = MOST_BYTES // 2**30
            raise DataError("path", f"unpacks to more than {most} GiB; unpack it yourself")
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
        raise DataError("path", "is a workbook of a spreadsheet; save it as CSV")
    if len(names) != 1:
        listed = ", ".join(names[:5]) or "nothing"
        raise DataError("path", f"holds {len(names)} files ({listed}); unpack it and name one")
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
        raise DataError("path", message) from error
    try:
        opened = zstandard.open(file, "rb")
        return io.BytesIO(opened.read(MOST_BYTES + 1))
    except zstandard.ZstdError as error:
        raise DataError("path", f"is damaged (zstandard): {error}") from error


MAKES_CSV = ".to_csv('table.csv', index=False) makes a CSV of it"

BINARY_FORMATS: dict[bytes, tuple[str, str]] = {
    b"\xd0\xcf\x11\xe0": ("a workbook of Excel (.xls)", "save it as CSV"),
    b"<stata_dta>": ("a file of Stata", f"pandas.read_stata(PATH){MAKES_CSV}"),
    b"ARROW1": ("a Feather file", f"pandas.read_feather(PATH){MAKES_CSV}"),
    b"FEA1": ("a Feather file", f"pandas.read_feather(PATH){MAKES_CSV}"),
    b"ORC": ("an ORC file", f"pandas.read_orc(PATH){MAKES_CSV}"),
    b"\x89HDF": ("an HDF5 file", f"pandas.read_hdf(PATH){MAKES_CSV}"),
    b"$FL2": ("a file of SPSS", f"pandas.read_spss(PATH){MAKES_CSV}"),
    b"SQLite format 3\0": (
        "a database of SQLite",
        "sqlite3 -csv -header PATH 'SELECT ...'",
    ),
    b"MATLAB 5.0": ("a file of MATLAB", "writematrix or writetable writes CSV"),
    b"X\n\0\0\0": ("a file of R (.rds)", "write.csv(readRDS(PATH), 'a.csv') makes a CSV of it"),
    **dict.fromkeys((b"RDX2\n", b"RDX3\n"), ("a file of R (.RData)", "write.csv writes CSV")),
    b"Obj\x01": ("an Avro file", "save it as CSV or Parquet"),
    b"%PDF": ("a PDF", "save its table as CSV"),
    **dict.fromkeys((b"\x89PNG", b"\xff\xd8\xff"), ("an image", "data=image_folder reads images")),
}
"""First bytes of files, what the files are, and what to do instead."""

OLD_STATA = re.compile(rb"[\x69-\x73][\x01\x02]\x01\x00", re.DOTALL)
PICKLE = re.compile(rb"\x80[\x02-\x05]", re.DOTALL)
TAR = (257, b"ustar")
"""The offset of its mark, and the mark."""

TEXT_FORMATS: tuple[tuple[str, str, str], ...] = (
    (
        r"\s*\{.*\}\s*\n\s*\{",
        "JSON lines",
        f"pandas.read_json(PATH, lines=True){MAKES_CSV}",
    ),
    (r"\s*(?:\{\s*[\"}]|\[\s*[\[{])", "JSON", f"pandas.read_json(PATH){MAKES_CSV}"),
    (r"\s*<(?:!doctype|html|table|head|body)\b", "HTML", f"pandas.read_html(PATH)[0]{MAKES_CSV}"),
    (r"\s*<\?xml\b", "XML", f"pandas.read_xml(PATH){MAKES_CSV}"),
    (
        r"(?:\s*%.*\n|\s*\n)*\s*@relation\b",
        "ARFF",
        f"pandas.DataFrame(scipy.io.arff.loadarff(PATH)[0]){MAKES_CSV}",
    ),
    (
        r"(?:\s*[#%].*\n|\s*\n)*\s*@(?:problemname|timestamps|univariate)\b",
        "a .ts file of series",
        "data=series_classes reads CSV, UCR's .tsv and .npz",
    ),
    (r"\s*\+[-=+]{2,}\+\s*\n", "a table drawn with lines", "mysql --batch writes it with tabs"),
    (r"\s*\|.*\|\s*\n\s*\|[-:| ]{3,}\|\s*\n", "a table of Markdown", "save it as CSV"),
    (
        r"(?:.*\n){0,99}?\s*(?:(?:insert\s+into|create\s+table)\s+[^,;]*\(|copy\s.*\sfrom\s+stdin;)",
        "a dump of SQL",
        "load it into its database, and export the table as CSV",
    ),
    (
        r"[-+]?\d\S*(?:[ \t]+\d+:\S+)+\s*(?:\n|$)",
        "a file of LIBSVM",
        "save sklearn.datasets.load_svmlight_file(PATH) as CSV or .npz",
    ),
    (
        r"(?:[^\n:]+::){2,}[^\n:]*\n(?:[^\n:]+::){2,}",
        "separated by `::`",
        r"sed 's/::/\t/g' PATH > table.tsv puts tabs there",
    ),
)
"""Patterns of the beginning of texts, what these are, and what to do instead."""


def unsupported_binary_format(start: bytes) -> str | None:
    """What a binary file is, and what to do with it; None: it may be text.

    Args:
        start: First bytes of the file, decompressed; some hundred.
    """
    found = next((said for mark, said in BINARY_FORMATS.items() if start.startswith(mark)), None)
    if found is None and OLD_STATA.match(start):
        found = BINARY_FORMATS[b"<stata_dta>"]
    if found is None and PICKLE.match(start):
        found = ("a pickle, which could run code", "save the table as CSV or Parquet")
    if found is None and start[TAR[0] :].startswith(TAR[1]):
        found = ("an archive (tar)", "unpack it and name one of its files")
    return None if found is None else f"is {found[0]}; {found[1]}"


def unsupported_text_format(text: str) -> str | None:
    """What a text is that has no rows of cells, and what to do with it; None: it may have rows."""
    for pattern, name, hint in TEXT_FORMATS:
        if re.match(pattern, text, re.IGNORECASE):
            return f"is {name}, not rows of cells; {hint}"
    return None
