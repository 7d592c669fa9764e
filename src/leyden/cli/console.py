"""The only way to a terminal: what is said there is text, and looks as its style says.

rich takes `[...]` and `:name:` in strings for markup, and control characters pass through it. So
consoles without markup are made here alone, and all text for them by `styled`.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill

from rich.console import Console
from rich.progress import TextColumn
from rich.table import Column as BarColumn
from rich.text import Text

from leyden.cli.layout import Column, lay_out
from leyden.formatting import printable, printed

Part = str | tuple[str, str]
"""A text, or a text and its style."""


def messages(*, soft_wrap: bool = True) -> Console:
    """The console for everything but results.

    Args:
        soft_wrap: Lines that are too long are left to the terminal.
    """
    return Console(stderr=True, highlight=False, soft_wrap=soft_wrap, markup=False, emoji=False)


def results() -> Console:
    """The console for results."""
    return Console(highlight=False, soft_wrap=True, markup=False, emoji=False)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Says on a terminal that work goes on, and leaves no trace."""
    console = messages()
    if not console.is_terminal:
        yield
        return
    with console.status(styled(what)):
        yield


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Shows on a terminal how many there are so far, and leaves no trace.

    Args:
        what: What is counted.
    """
    console = messages()
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(styled(f"0 {what}")) as status:
        yield lambda count: status.update(styled(f"{count:,} {what}"))


def styled(*parts: Part, style: str = "") -> Text:
    """A line of text.

    Args:
        parts: Parts in their order.
        style: Style of the parts that have none of their own.
    """
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*((printable(text), own) for text, own in pairs), style=style)


def say(console: Console, *parts: Part, style: str = "") -> None:
    """Prints a line; see `styled`."""
    console.print(styled(*parts, style=style))


def say_rows(
    console: Console, rows: Iterable[Sequence[str]], *, heading: Sequence[str] | None = None
) -> None:
    """Prints a small table.

    Args:
        console: Console that it goes to.
        rows: Cells of each row.
        heading: Heading of its columns, of which all but the first are numbers; None: there is
            none.
    """
    cells = [printed(row) for row in rows]
    has_heading = heading is not None
    names = printed(heading or [""] * len(cells[0]))
    columns = [Column(name, is_number=has_heading and n > 0) for n, name in enumerate(names)]
    lines = lay_out(columns, cells, width=None).lines
    for line in lines if has_heading else lines[1:]:
        say(console, line)


def text_column(
    format: str, *, style: str = "", table_column: BarColumn | None = None
) -> TextColumn:
    """A column of a progress bar with text; see `rich.progress.TextColumn`."""
    return TextColumn(format, style=style, markup=False, table_column=table_column)


def on_terminal(console: Console, text: str, *, indent: int = 0, hanging: int = 0) -> str:
    """Text with line ends between words, if it goes to a terminal; elsewhere in one line.

    A word that is longer than a line, such as a path, stays whole.
    """
    before = " " * indent
    if not console.is_terminal:
        return before + text
    return fill(
        text,
        console.width,
        initial_indent=before,
        subsequent_indent=before + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say_wrapped(
    console: Console,
    text: str,
    *,
    style: str = "",
    mark: tuple[str, str] = ("", ""),
    indent: int = 0,
    hanging: int = 0,
) -> None:
    """Prints a line that ends between words where the terminal does, as far as it can.

    Args:
        console: Console that it goes to.
        text: The line.
        style: Style of the line.
        mark: A word before it, and the word's own style.
        indent: Blanks before each of its parts.
        hanging: Further blanks before each part but the first.
    """
    word, own = mark
    whole = on_terminal(console, word + printable(text), indent=indent, hanging=hanging)
    line = Text(whole, style=style)
    line.stylize(own, indent, indent + len(word))
    console.print(line)


def print_json(value: object) -> None:
    """Prints results for other programs."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def print_text(text: str) -> None:
    """Prints a text as it is, such as a table for other programs."""
    sys.stdout.write(text)


def print_path(path: str) -> None:
    """Prints a path as a result: exact for other programs, as text on a terminal."""
    try:
        path.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # its bytes are no characters
        path = printable(path)
    sys.stdout.write(f"{printable(path) if sys.stdout.isatty() else path}\n")
