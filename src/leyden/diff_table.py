"""Two runs side by side."""

from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from leyden.diff import Section
from leyden.terminal import format_number, printable, results, shown_path

MOST_ROWS = 20
WITH_CHANGE = ("metrics", "cost")
NAME_WIDTH, CHANGE_WIDTH = 30, 8


def show_diff(one: Path, other: Path, sections: list[Section]) -> None:
    """What differs, a row each, and in a line what does not."""
    console = results()
    console.print(Text(f"A  {printable(shown_path(one))}"))
    console.print(Text(f"B  {printable(shown_path(other))}"))
    found = [section for section in sections if section.rows]
    if found:
        console.print(diff_table(found))
    unknown = [section for section in sections if section.unknown_to]
    equal = [section.name for section in sections if not section.rows and section not in unknown]
    if equal:
        console.print(f"equal: {', '.join(equal)}")
    for line in unknown_lines(unknown):
        console.print(Text(line))


def unknown_lines(sections: list[Section]) -> list[str]:
    """What one of the runs has not recorded."""
    return [
        f"not recorded: {section.name} of {printable(shown_path(folder))}"
        for section in sections
        for folder in section.unknown_to
    ]


def diff_table(sections: list[Section]) -> Table:
    """The sections that have rows, one after the other."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold", max_width=NAME_WIDTH)
    table.add_column("A", overflow="fold")
    table.add_column("B", overflow="fold")
    has_numbers = any(section.name in WITH_CHANGE for section in sections)
    if has_numbers:
        table.add_column("change", justify="right", no_wrap=True, width=CHANGE_WIDTH)
    for section in sections:
        table.add_row(Text(_title(section), style="bold"))
        for name, (a, b) in list(section.rows.items())[:MOST_ROWS]:
            row = [f"  {printable(name)}", *cells(a, b)]
            if has_numbers:
                row.append(change(a, b) if section.name in WITH_CHANGE else "")
            table.add_row(*map(Text, row))
        if len(section.rows) > MOST_ROWS:
            table.add_row(f"  and {len(section.rows) - MOST_ROWS} more: --json")
    return table


def _title(section: Section) -> str:
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
