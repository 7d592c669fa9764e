"""The format of a table in a text file, as far as the user says it."""

from dataclasses import dataclass, fields
from typing import Literal

from leyden.data.errors import DataError

Separator = Literal["comma", "semicolon", "tab", "bar", "blank"]
Decimal = Literal["point", "comma"]
Thousands = Literal["none", "comma", "point", "blank", "apostrophe"]
MissingWord = str | int | float | bool | None
SEPARATORS: dict[Separator, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
"""Signs of the separators; blanks are read otherwise, since any number of them separates."""


@dataclass(frozen=True, kw_only=True)
class TableFormat:
    """The format of a table, as far as keys say it; the file says the rest.

    Attributes:
        separator: Sign between cells; blank: any number of blanks and tabs. None: the sign that
            splits evenly.
        decimal: Sign before the decimals of a number.
        thousands: Sign that groups the digits by three; none: they are not grouped. None: not
            grouped, and cells of which that is doubtful are refused.
        encoding: Encoding of a text file, as Python names it; None: UTF-8, or as its byte-order
            mark says.
        missing: Cells that are missing values, besides empty ones.
        header: Whether the first row names the columns; None: it does, and one that looks like data
            is refused.
        skip_lines: Lines above the names of the columns.
    """

    separator: Separator | None = None
    decimal: Decimal = "point"
    thousands: Thousands | None = None
    encoding: str | None = None
    missing: tuple[MissingWord, ...] = ()
    header: bool | None = None
    skip_lines: int = 0

    def __post_init__(self) -> None:
        if self.thousands == self.decimal:
            raise DataError("thousands", "is the same sign as data.decimal; one of them is wrong")

    @property
    def missing_words(self) -> frozenset[str]:
        """The cells that are missing."""
        return frozenset(word for given in self.missing for word in missing_words(given))

    def require_text_keys_unset(self, kind: str) -> None:
        """Raises `DataError` where a key is set that is for text files only.

        Args:
            kind: Name of what the file is instead.
        """
        for one in fields(self):
            if one.name != "missing" and getattr(self, one.name) != one.default:
                raise DataError(one.name, f"is for text files; the file is {kind}, leave it out")


def table_format_of(data: object) -> TableFormat:
    """The table format of a data set, from its attributes of the same names."""
    return TableFormat(**{one.name: getattr(data, one.name) for one in fields(TableFormat)})


def missing_words(given: MissingWord) -> set[str]:
    """Cells that a word of `data.missing` means: YAML has its own nan, null and true."""
    if given is None or isinstance(given, bool) or given != given:
        word = "null" if given is None else str(given).lower()
        return {word, word.upper(), word.capitalize()} | ({"NaN"} if word == "nan" else set())
    return {str(given).strip()}
