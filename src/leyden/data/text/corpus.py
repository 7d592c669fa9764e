"""A corpus: the joined text of files, and the bytes that its stretches have in them."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from leyden.data.errors import DataError
from leyden.data.report import DataReport
from leyden.files.walk import find_files
from leyden.tokenization.encoding import (
    Encoding,
    NotText,
    decode,
    find_utf8_letter,
    known_encoding,
)
from leyden.tokenization.sources import reason_to_leave_out

LINE_ENDS = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}


@dataclass(frozen=True)
class TextFile:
    """The text of a file.

    Attributes:
        path: Path of the file.
        text: Text without a byte-order mark; line ends are those of the file.
        encoding: Encoding of the file.
    """

    path: Path
    text: str
    encoding: Encoding


@dataclass(frozen=True)
class Corpus:
    """Texts with a line break between each two.

    Attributes:
        files: Files in order; each has some text.
    """

    files: Sequence[TextFile]

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(file.text for file in self.files)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate((len(file.text) + 1 for file in self.files[:-1]), initial=0))

    def parts_of(self, numbers: Sequence[int], places: Mapping[str, tuple[int, int]]) -> set[str]:
        """The parts in which some files lie, wholly or not.

        Args:
            numbers: Indices of the files.
            places: Start and end of each part in the text.
        """
        spans = [
            (self._starts[one], self._starts[one] + len(self.files[one].text)) for one in numbers
        ]
        return {
            part
            for part, (begin, end) in places.items()
            if any(start < end and begin < stop for start, stop in spans)
        }

    def num_bytes(self, start: int, stop: int) -> int:
        """Bytes of the files that a stretch of the text stands for.

        A byte-order mark counts with the character after it. The line break that joins two texts
        is in neither file.
        """
        total, number = 0, bisect_right(self._starts, start) - 1
        while number < len(self.files) and self._starts[number] < stop:
            begin, file = self._starts[number], self.files[number]
            first, last = max(0, start - begin), min(len(file.text), stop - begin)
            if first < last:
                total += file.encoding.size(file.text[first:last])
                total += file.encoding.mark if first == 0 else 0
            number += 1
        return total

    def bytes_of_token(self, start: int, utf_8_bytes: int) -> float:
        """Bytes of the files that a token stands for.

        Args:
            start: Start of the token in the text.
            utf_8_bytes: Number of bytes of UTF-8 that it stands for; it may end within a character,
                which then counts by its share.
        """
        stop, size = start, 0
        while size < utf_8_bytes:
            size += len(self.text[stop].encode())
            stop += 1
        if size == utf_8_bytes:
            return float(self.num_bytes(start, stop))
        last = len(self.text[stop - 1].encode())
        share = (last - (size - utf_8_bytes)) / last
        return self.num_bytes(start, stop - 1) + share * self.num_bytes(stop - 1, stop)


def load_corpus(path: Path, encoding: str | None, report: DataReport) -> Corpus:
    """The text of a file, or of all files below a folder; what is no text there is left out.

    Args:
        path: Path of the file or the folder.
        encoding: Encoding that the user says; None: UTF-8, or that of the byte-order mark.
        report: Report that is told what was found.

    Raises:
        DataError: There is no text, or it is in another encoding.
    """
    try:
        if encoding is not None:
            known_encoding(encoding)
    except NotText as error:
        raise DataError("encoding", str(error)) from error
    texts = [read_text_file(file, encoding, path) for file in text_files(path, encoding, report)]
    texts = [one for one in texts if one.text]
    if all(one.text.isspace() for one in texts):
        blanks = " but blanks and line breaks" if texts else ""
        raise DataError("path", f"{path} holds no text{blanks}")
    joined = Corpus(texts)
    describe_corpus(joined, report)
    in_utf_8 = sum(one.encoding.name == "utf-8" for one in texts)
    if encoding is not None and in_utf_8 and not known_encoding(encoding).startswith("utf"):
        report.notes.append(f"{in_utf_8:,} files are in UTF-8, and read so, not as {encoding}")
    return joined


def text_files(path: Path, encoding: str | None, report: DataReport) -> list[Path]:
    """The file itself, or the files below a folder that may be text."""
    if path.is_file():
        return [path]
    found = find_files(path)
    reasons = {file: reason_to_leave_out(file, encoding) for file in found.files}
    report.files_left_out.update(found.left_out + Counter(filter(None, reasons.values())))
    return [file for file, reason in reasons.items() if reason is None]


def read_text_file(file: Path, encoding: str | None, path: Path) -> TextFile:
    """The text of one file.

    Args:
        file: File to read.
        encoding: Encoding that the user says.
        path: File or folder that the user named.

    Raises:
        DataError: It is none, or in another encoding.
    """
    try:
        data = file.read_bytes()
        # What one file of a folder needs does not fit those that are in UTF-8.
        if file != path and encoding and find_utf8_letter(data, known_encoding(encoding)):
            encoding = "utf-8"
        return TextFile(file, *decode(data, encoding, file))
    except NotText as error:
        fits = f"; type data.encoding={error.fits}" if error.fits else ""
        key = "encoding" if error.fits or encoding else "path"
        named_by_key = f"{file} " if key == "path" and file == path else ""
        raise DataError(key, f"{str(error).removeprefix(named_by_key)}{fits}") from error
    except OSError as error:
        raise DataError("path", f"{file} can't be read: {error.strerror}") from error


def warn_of_copies(
    joined: Corpus, places: Mapping[str, tuple[int, int]], report: DataReport
) -> None:
    """Warns of files with the same text, of which one is trained on and one evaluated on.

    Args:
        joined: Text of all files.
        places: Start and end of each part in it.
        report: Report that is told of it.
    """
    if len(joined.files) < 2:
        return
    alike = defaultdict[bytes, list[int]](list)
    for number, file in enumerate(joined.files):
        plain = "\n".join(file.text.split()).encode("utf-8", "surrogatepass")
        alike[sha256(plain).digest()].append(number)
    copies = [numbers for numbers in alike.values() if len(numbers) > 1]
    spread = [one for one in copies if len(joined.parts_of(one, places)) > 1]
    if spread:
        first = " and ".join(f"`{joined.files[number].path.name}`" for number in spread[0][:2])
        count = sum(map(len, spread))
        report.warnings.append(
            f"{count:,} files have the same text as another, as {first}: what is evaluated is"
            " trained on too"
        )


def describe_corpus(joined: Corpus, report: DataReport) -> None:
    """Tells the report of encodings, line ends and files."""
    encodings = Counter(str(file.encoding) for file in joined.files)
    report.source["encoding"] = ", ".join(
        name if len(encodings) == 1 else f"{count:,} files {name}"
        for name, count in encodings.most_common()
    )
    ends = {
        name: sum(file.text.count(end) for file in joined.files) for end, name in LINE_ENDS.items()
    }
    ends["LF"] -= ends["CRLF"]
    ends["CR"] -= ends["CRLF"]
    shown = [f"{count:,} {name}" for name, count in ends.items() if count]
    report.source["line ends"] = f"{', '.join(shown) or 'none'}, kept as they are"
    if len(joined.files) > 1:
        report.source["files"] = f"{len(joined.files):,}, with a line break between each two"
