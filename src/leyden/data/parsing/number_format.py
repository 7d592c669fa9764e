"""Formats of numbers in files: which texts are numbers, and in which other format they would be."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from leyden.data.parsing.table_format import Decimal, Thousands

DECIMAL_SIGNS: dict[Decimal, str] = {"point": ".", "comma": ","}
GROUP_SIGNS: dict[Thousands, str] = {
    "comma": ",",
    "point": ".",
    "blank": " \u00a0\u2009\u202f",
    "apostrophe": "'\u2019",
}
MINUS = "\u2212"
"""The typographic sign."""

LEADING_ZERO = re.compile(r"[+-]?0\d+")
LARGEST_EXACT = 2**53
"""The largest whole number up to which floats of 64 bits hold all."""

SIGNS = ".,'\u2019 \u00a0\u2009\u202f_"
NUMBER_LIKE = (
    rf"[+\-{MINUS}\u2013]?(?:\d{{1,3}}(?:[{SIGNS}]\d{{3}})+|\d{{1,2}}(?:,\d{{2}})*,\d{{3}}|\d+)"
    r"(?:[.,]\d*)?(?:[eE][+-]?\d+)?"
)
"""A text that a person reads as a number: at most one sign does not separate three digits."""

CURRENCY = "$\u20ac\u00a3\u00a5"
WITH_UNIT = re.compile(
    rf"(?P<before>[{CURRENCY}]|[A-Z]{{3}}(?=\s))?\s?(?P<number>{NUMBER_LIKE})"
    rf"(?P<after>\s?(?:%|\u2030|\u00b0[A-Z]?|[{CURRENCY}])|\s[A-Za-z\u00b5/\u00b2\u00b3]{{1,12}})?"
)
"""A number with a currency, a percent or a unit."""

IN_BRACKETS = re.compile(rf"\({NUMBER_LIKE}\)")
"""A negative number in accounts."""

GLUED_UNIT = re.compile(rf"{NUMBER_LIKE}[a-z]{{1,2}}")
"""A number with a unit, which may also be a name such as `3a`."""


@dataclass(frozen=True)
class NumberFormat:
    """A format of numbers.

    Attributes:
        decimal: Sign before the decimals of a number.
        thousands: Sign that groups digits by three; None or none: no sign does.
        unambiguous: A number of the table, with its column, that can only have decimals, and so
            speaks against the other decimal sign; empty: there is none.
    """

    decimal: Decimal = "point"
    thousands: Thousands | None = None
    unambiguous: str = field(default="", compare=False)

    @cached_property
    def _groups(self) -> str:
        return GROUP_SIGNS.get(self.thousands, "") if self.thousands else ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        sign = re.escape(DECIMAL_SIGNS[self.decimal])
        whole = r"\d+"
        if self._groups:
            whole = rf"(?:[1-9]\d{{0,2}}(?:[{re.escape(self._groups)}]\d{{3}})+|\d+)"
        return re.compile(
            rf"[+\-{MINUS}]?(?:{whole}(?:{sign}\d*)?|{sign}\d+)(?:[eE][+-]?\d+)?", re.ASCII
        )

    @cached_property
    def _translation(self) -> dict[int, str | None]:
        table: dict[int, str | None] = {ord(sign): None for sign in self._groups}
        return table | {ord(DECIMAL_SIGNS[self.decimal]): ".", ord(MINUS): "-"}

    @cached_property
    def _is_plain(self) -> bool:
        """Whether it is the format of Python, but for the sign of the minus."""
        return self.decimal == "point" and not self._groups

    def is_number(self, cell: str) -> bool:
        """Whether a cell is a number in this format."""
        return self._pattern.fullmatch(cell) is not None

    def plain(self, cell: str) -> str:
        """The number in the format of Python."""
        if self._is_plain and cell.isascii():
            return cell
        return cell.translate(self._translation)

    def number(self, cell: str) -> float:
        """The number; infinite where it is too large for 64 bits."""
        return float(self.plain(cell))

    def is_exact(self, cell: str) -> bool:
        """Whether a number is no whole number with more digits than 64 bits hold."""
        plain = self.plain(cell)
        is_whole = plain.lstrip("+-").isdigit()
        return (
            not is_whole
            or abs(number := int(plain)) <= LARGEST_EXACT
            or number == int(float(plain))
        )

    def is_grouped(self, cell: str) -> bool:
        """Whether the decimal sign could group three digits: 2,455 or 2.455."""
        sign = re.escape(DECIMAL_SIGNS[self.decimal])
        return re.fullmatch(rf"[+\-{MINUS}]?[1-9]\d{{0,2}}{sign}\d{{3}}", cell) is not None

    def overrides(self, present: "NumberFormat") -> str:
        """The overrides that choose this format instead of the present one."""
        words = []
        if self.decimal != present.decimal:
            words.append(f"data.decimal={self.decimal}")
        if (self.thousands or "none") != (present.thousands or "none"):
            words.append(f"data.thousands={self.thousands or 'none'}")
        return " ".join(words)

    def reads(self, cell: str, present: "NumberFormat") -> str:
        """The overrides that choose this format, and the number that a cell then is."""
        said = f"{self.overrides(present)} reads {self.number(cell):.15g}"
        if present.unambiguous and self.decimal != present.decimal:
            said += f", but not {present.unambiguous}: write one of the two columns otherwise"
        return said


def ambiguous_number(cells: list[str], form: NumberFormat) -> str | None:
    """A cell that may have decimals or groups of digits; None: there is none.

    In a column where each cell with the decimal sign has three digits behind it, and all others
    are less than 1000, the sign is more likely to group digits: `2.455` beside `865`.

    Args:
        cells: Numbers in that format.
        form: Format of the numbers. If the user says that no sign groups digits, none is ambiguous.
    """
    if form.thousands == "none":
        return None
    sign = DECIMAL_SIGNS[form.decimal]
    with_sign = [cell for cell in cells if sign in cell]
    if not with_sign or not all(map(form.is_grouped, with_sign)):
        return None
    others = [cell for cell in cells if sign not in cell]
    is_mixed = bool(others) and all(abs(form.number(cell)) < 1000 for cell in others)
    is_round = form.decimal == "comma" and all(cell.endswith("000") for cell in with_sign)
    return with_sign[0] if is_mixed or is_round else None


def unambiguous_decimal(columns: Iterable[tuple[str, Iterable[str]]], form: NumberFormat) -> str:
    """A number of a table, with its column, that can only have decimals; empty: there is none.

    Args:
        columns: Names and cells of the columns.
        form: Format of the numbers.
    """
    sign = DECIMAL_SIGNS[form.decimal]
    for name, cells in columns:
        for cell in cells:
            if sign in cell and form.is_number(cell) and not form.is_grouped(cell):
                return f"`{cell}` of column {name}"
    return ""


def may_all_be_grouped(cells: Collection[str], form: NumberFormat) -> bool:
    """Whether each number could have groups of three digits where it has decimals."""
    return form.thousands is None and bool(cells) and all(map(form.is_grouped, cells))


def alternative_formats(cells: list[str], form: NumberFormat) -> list[NumberFormat]:
    """The formats in which all cells are numbers, without those that nobody would use.

    Several give different numbers: `4,310` may have three decimals or a group of digits, where no
    other column shows which.

    Args:
        cells: Cells, not all of which are numbers in the present format.
        form: Present format.
    """
    decimals: list[Decimal] = [form.decimal, "comma" if form.decimal == "point" else "point"]
    found: dict[tuple[float, ...], NumberFormat] = {}
    for decimal in decimals:
        for thousands in (None, *GROUP_SIGNS):
            other = NumberFormat(decimal, thousands)
            if other == form or thousands == decimal or not all(map(other.is_number, cells)):
                continue
            is_needed = thousands and any(set(GROUP_SIGNS[thousands]) & set(one) for one in cells)
            if is_needed if thousands else ambiguous_number(cells, other) is None:
                found.setdefault(tuple(map(other.number, cells)), other)
    same_decimal = [other for other in found.values() if other.decimal == form.decimal]
    return same_decimal if same_decimal and form.unambiguous else list(found.values())


def looks_like_number(cell: str) -> bool:
    """Whether a person would read a text as a number."""
    return bool(WITH_UNIT.fullmatch(cell) or IN_BRACKETS.fullmatch(cell))


def strip_unit(cells: Collection[str]) -> tuple[dict[str, str], str] | None:
    """The number in each cell, and the unit that all have; None where they have not one unit."""
    found = {cell: WITH_UNIT.fullmatch(cell) for cell in cells}
    numbers: dict[str, str] = {}
    units = set()
    for cell, match in found.items():
        if match is None:
            return None
        units.add(((match["before"] or "").strip(), (match["after"] or "").strip()))
        numbers[cell] = match["number"].strip()
    if len(units) != 1:
        return None
    unit = "".join(units.pop())
    return (numbers, unit) if unit else None
