"""Tables as lines of text that fit a terminal: which columns are shown, and how cells are cut."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

GAP = 2
SHORTEST_NAME = 32
"""Cells of the first column, which tells the rows apart, before other columns are kept whole."""

SHORTEST_TEXT = 16
"""Of a column of texts that may be cut."""

CUT = "…"


@dataclass(frozen=True)
class Column:
    """A column and how it gives way where a table is too wide.

    Attributes:
        name: Heading of the column.
        is_number: Flush right.
        place: Columns of a lower place are left out before others; None: it stays.
        is_cut: Whether its cells are cut at their end before other columns are left out.
    """

    name: str
    is_number: bool = False
    place: int | None = None
    is_cut: bool = False


@dataclass(frozen=True)
class Layout:
    """A table's lines, the heading first.

    Attributes:
        lines: None is longer than the terminal.
        same: Columns that were left out since all rows have the same value, and that value.
        left_out: Further columns that had no room.
    """

    lines: list[str]
    same: dict[str, str]
    left_out: list[str]


def lay_out(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int | None
) -> Layout:
    """Lays a table out.

    Where it is too wide, columns in which all rows are alike are left out first, then others by
    their place; then the first column is cut so that its cells still differ.

    Args:
        columns: The first tells the rows apart and always stays.
        rows: Cells; an empty one, as in a row of sums, is like any other.
        width: Width of the terminal, in cells; None: as wide as need be.
    """
    shown = list(range(len(columns)))
    natural = [
        max(map(cell_len, [column.name, *(row[place] for row in rows)]))
        for place, column in enumerate(columns)
    ]
    least = [_least(place, column, natural[place]) for place, column in enumerate(columns)]
    constant = {
        place: value for place in shown[1:] if (value := _constant(rows, place)) is not None
    }
    same: dict[str, str] = {}
    left_out: list[str] = []
    while width is not None and _total(shown, least) > width:
        gone = _first_to_go(columns, shown, constant)
        if gone is None:
            break
        shown.remove(gone)
        if gone in constant:
            same[columns[gone].name] = constant[gone]
        else:
            left_out.append(columns[gone].name)
    widths = _widths(shown, natural, least, width)
    cells = _cells(columns, rows, shown, widths)
    lines = [_line(row, columns, shown, widths) for row in cells]
    if width is not None:
        lines = [cut(line, width) for line in lines]
    return Layout(lines, same, left_out)


def _least(place: int, column: Column, natural: int) -> int:
    if place == 0:
        return min(natural, SHORTEST_NAME)
    return min(natural, max(SHORTEST_TEXT, cell_len(column.name))) if column.is_cut else natural


def _constant(rows: Sequence[Sequence[str]], place: int) -> str | None:
    """What all cells of a column say, if they are more than one and say the same."""
    values = {row[place] for row in rows} - {""}
    return values.pop() if len(rows) > 1 and len(values) == 1 else None


def _first_to_go(
    columns: Sequence[Column], shown: list[int], constant: dict[int, str]
) -> int | None:
    alike = [place for place in shown if place in constant]
    if alike:
        return alike[-1]
    able = [
        (place_of, place) for place in shown[1:] if (place_of := columns[place].place) is not None
    ]
    return min(able)[1] if able else None


def _total(shown: list[int], widths: list[int]) -> int:
    return sum(widths[place] for place in shown) + GAP * (len(shown) - 1)


def _widths(shown: list[int], natural: list[int], least: list[int], width: int | None) -> list[int]:
    """The least widths, and what is left over for those that would take more, in order."""
    if width is None:
        return natural
    widths = list(least)
    over = width - _total(shown, least)
    if over < 0:  # the first column alone can still give way
        widths[0] = max(1, widths[0] + over)
    for place in shown:
        more = min(max(0, over), natural[place] - widths[place])
        widths[place] += more
        over -= more
    return widths


def _cells(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], shown: list[int], widths: list[int]
) -> list[list[str]]:
    names = shortened([row[0] for row in rows], widths[0])
    found = [[columns[place].name for place in shown]]
    for name, row in zip(names, rows, strict=True):
        found.append([name, *(row[place] for place in shown[1:])])
    return [
        [cut(cell, widths[place]) for cell, place in zip(row, shown, strict=True)] for row in found
    ]


def _line(row: list[str], columns: Sequence[Column], shown: list[int], widths: list[int]) -> str:
    padded = []
    for cell, place in zip(row, shown, strict=True):
        blank = " " * (widths[place] - cell_len(cell))
        padded.append(blank + cell if columns[place].is_number else cell + blank)
    return (" " * GAP).join(padded).rstrip()


def cut(text: str, width: int) -> str:
    """A text's beginning, with `…` where something is missing."""
    return (
        text if cell_len(text) <= width else f"{_beginning(text, width - 1)}{CUT}"[: max(width, 0)]
    )


def shortened(texts: Sequence[str], width: int) -> list[str]:
    """Each text within a width, so that different texts stay different.

    What differs most often stands at the end of a name, such as a hash, so the middle is cut; if
    some then look alike, a longer end is kept, and if that does not help, they are numbered.

    Args:
        texts: Any number of them; equal ones stay equal.
        width: Width in cells.
    """
    different = list(dict.fromkeys(texts))
    for tail in (width // 2, 2 * width // 3, width - 2, 0):
        found = [_without_middle(text, width, tail) for text in different]
        if len(set(found)) == len(different):
            break
    else:
        found = _numbered(found, width)
    by_text = dict(zip(different, found, strict=True))
    return [by_text[text] for text in texts]


def _without_middle(text: str, width: int, tail: int) -> str:
    if cell_len(text) <= width:
        return text
    end = _beginning(text[::-1], tail)[::-1]
    return f"{_beginning(text, width - 1 - cell_len(end))}{CUT}{end}"


def _numbered(texts: list[str], width: int) -> list[str]:
    marks = [f"#{number}" for number, _ in enumerate(texts, start=1)]
    return [
        f"{_beginning(text, width - len(mark))}{mark}"
        for text, mark in zip(texts, marks, strict=True)
    ]


def _beginning(text: str, width: int) -> str:
    """As many characters as have room."""
    end, used = 0, 0
    while end < len(text) and used + cell_len(text[end]) <= width:
        used += cell_len(text[end])
        end += 1
    return text[:end]
