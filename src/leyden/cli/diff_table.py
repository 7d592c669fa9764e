"""Two runs side by side."""

from pathlib import Path
from typing import Any

from rich.cells import cell_len

from leyden.analysis.diff import DiffSection
from leyden.cli.console import results, say
from leyden.cli.layout import CUT, GAP, cut, shortened
from leyden.cli.terminal import terminal_width
from leyden.formatting import format_number, printable, shown_path

MOST_ROWS = 20
WITH_CHANGE = ("metrics", "cost")
CHANGE = "change"
LEAST_KEY = 22
"""Cells of the keys, before values may be as wide as they are."""

INDENT = "  "
NAMES = {"data": "content of the data"}
"""What is meant by a section that is not recorded, where it is not all of it."""


def show_diff(one: Path, other: Path, sections: list[DiffSection]) -> None:
    """What differs, a row each, and in a line what does not."""
    console = results()
    say(console, f"A  {shown_path(one)}")
    say(console, f"B  {shown_path(other)}")
    found = [section for section in sections if section.rows]
    if found:
        for line in diff_lines(found, width=terminal_width()):
            say(console, line, style="" if line.startswith(INDENT) else "bold")
    unknown = [section for section in sections if section.unknown_to]
    equal = [_equal(section) for section in sections if section.is_equal]
    if equal:
        say(console, f"equal: {', '.join(equal)}")
    for line in unknown_lines(unknown):
        say(console, line)


def unknown_lines(sections: list[DiffSection]) -> list[str]:
    """What one of the runs has not recorded."""
    return [
        f"not recorded: {NAMES.get(section.name, section.name)} of {shown_path(folder)}"
        for section in sections
        for folder in section.unknown_to
    ]


def diff_lines(sections: list[DiffSection], *, width: int | None) -> list[str]:
    """The sections that have rows, one after the other, under a heading.

    Args:
        sections: They have rows.
        width: Width of the terminal; None: as wide as need be.
    """
    has_numbers = any(section.name in WITH_CHANGE for section in sections)
    rows = [row for section in sections for row in _rows(section)]
    moves = max(len(CHANGE), *(len(row[3]) for row in rows)) if has_numbers else 0
    gaps = 2 * GAP + (GAP + moves if has_numbers else 0)
    natural = [max(map(cell_len, cells), default=1) for cells in zip(*rows, strict=True)]
    key, a, b = natural[0] + len(INDENT), natural[1], natural[2]
    if width is not None:
        key = min(key, max(LEAST_KEY, (width - gaps) // 3, width - gaps - a - b))
        a, b = _shares(a, b, width - gaps - key)
    widths = [key, a, b, moves]
    lines = [_line(["", "A", "B", CHANGE if has_numbers else ""], widths)]
    for section in sections:
        shown = _rows(section)
        lines.append(_title(section) if width is None else cut(_title(section), width))
        names = shortened([row[0] for row in shown], key - len(INDENT))
        for name, (_, first, second, moved) in zip(names, shown, strict=True):
            pair = telling(first, a, second, b)
            lines.append(_line([f"{INDENT}{name}", *pair, moved], widths))
        if len(section.rows) > MOST_ROWS:
            lines.append(f"{INDENT}and {len(section.rows) - MOST_ROWS} more: --json")
    return lines


def _rows(section: DiffSection) -> list[tuple[str, str, str, str]]:
    """Key, both values and the change of what differs."""
    return [
        (printable(name), *cells(a, b), change(a, b) if section.name in WITH_CHANGE else "")
        for name, (a, b) in list(section.rows.items())[:MOST_ROWS]
    ]


def _shares(a: int, b: int, room: int) -> tuple[int, int]:
    """Widths of the two values: what one does not need the other may have."""
    half = room // 2
    if a + b <= room:
        return a, b
    if a <= half:
        return a, room - a
    return (room - b, b) if b <= half else (half, room - half)


def _line(row: list[str], widths: list[int]) -> str:
    """Three columns, and the change flush right."""
    padded = [
        cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
    ]
    return (" " * GAP).join([*padded[:3], f"{row[3]:>{widths[3]}}"]).rstrip()


def telling(a: str, a_width: int, b: str, b_width: int) -> tuple[str, str]:
    """Two different values within their columns, cut so that they still look different.

    What both begin with is left out where it would hide what differs.
    """
    pairs = zip(a, b, strict=False)
    shared = next((n for n, (x, y) in enumerate(pairs) if x != y), min(len(a), len(b)))
    are_whole = cell_len(a) <= a_width and cell_len(b) <= b_width
    if are_whole or cell_len(a[:shared]) + 2 < min(a_width, b_width):
        return cut(a, a_width), cut(b, b_width)
    start = max(0, shared - 3)
    return cut(f"{CUT}{a[start:]}", a_width), cut(f"{CUT}{b[start:]}", b_width)


def _equal(section: DiffSection) -> str:
    """A section in which two runs are the same; of losses those that both have recorded."""
    return f"losses ({section.num_equal} steps)" if section.name == "losses" else section.name


def _title(section: DiffSection) -> str:
    if section.name == "losses":
        return f"losses ({section.num_equal} steps equal)"
    return f"{section.name} ({len(section.rows)} of {len(section.rows) + section.num_equal})"


def cells(a: Any, b: Any) -> tuple[str, str]:
    """Two values; numbers with as many digits as they need to look different."""
    shown = shown_value(a), shown_value(b)
    if shown[0] == shown[1]:
        return repr(a), repr(b)
    return shown


def shown_value(value: Any) -> str:
    """A value of a record or a config."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return format_number(value)
    return "-" if value is None else printable(str(value))


def change(a: Any, b: Any) -> str:
    """From a to b, in percent."""
    are_numbers = all(isinstance(value, int | float) and value is not True for value in (a, b))
    return f"{(b - a) / abs(a):+.1%}" if are_numbers and a else ""
