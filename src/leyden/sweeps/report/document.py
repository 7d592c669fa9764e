"""A document of sections, and how it is written as Markdown; `page` writes it as HTML."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from leyden.files.csv_cells import csv_table
from leyden.formatting import format_number, printable, printed

MOST_ROWS = 100
"""Of a table in Markdown."""

SPECIAL = re.compile(r"[\\`*<>|\[\]$~&]|(?<!\w)_|_(?!\w)")
"""What Markdown would take for markup; an underscore within a word is none."""


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; a warning stands out."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class CommandBlock:
    """A command line to copy."""

    text: str


@dataclass(frozen=True)
class Measured:
    """A cell: a mean, and half its 95 % interval where that is known."""

    value: float
    half: float | None = None

    @property
    def text(self) -> str:
        """`1.234 ± 0.05`."""
        noise = "" if self.half is None else f" ± {self.half:.2g}"
        return f"{format_number(self.value)}{noise}"


@dataclass(frozen=True)
class Table:
    """Rows of values: numbers, texts, or None for what is not known.

    Attributes:
        columns: Headings.
        rows: Rows of cells.
        ids: A name for each row, such as `job-3`, by which a picture's point finds it.
        marks: A word for each row that says how it looks: `best`, `pruned`, `failed`, or nothing.
        is_folded: Whether the page shows it only when it is asked for.
    """

    columns: list[str]
    rows: list[list[Any]]
    ids: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    is_folded: bool = False

    @property
    def numeric(self) -> list[bool]:
        """For each column whether it has numbers only."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        kinds = int | float | Measured | None
        return [all(isinstance(cell, kinds) for cell in cells) for cells in columns]

    @property
    def cells(self) -> list[list[str]]:
        """As they are shown."""
        return [printed(map(shown, row)) for row in self.rows]

    def first(self, most: int) -> "Table":
        """The first rows alone."""
        return replace(self, rows=self.rows[:most])

    def csv(self) -> str:
        """For spreadsheets and other programs."""
        return csv_table(self.columns, self.rows)

    def latex(self) -> str:
        """A `longtable` with booktabs' rules."""
        frame = pd.DataFrame(self.cells, columns=printed(self.columns), dtype=object)
        alignment = "".join("r" if is_numeric else "l" for is_numeric in self.numeric)
        table = frame.to_latex(index=False, escape=True, longtable=True, column_format=alignment)
        return f"% needs \\usepackage{{booktabs,longtable}}\n{table}"


@dataclass(frozen=True)
class Picture:
    """A picture.

    Attributes:
        name: Name of its file.
        caption: What it shows.
        png: Content of the file.
        figure: The same as a figure of Plotly, for the page; None where there is none.
    """

    name: str
    caption: str
    png: bytes
    figure: dict[str, Any] | None = None

    @property
    def url(self) -> str:
        """The picture itself as an address."""
        return f"data:image/png;base64,{b64encode(self.png).decode()}"


Part = Paragraph | CommandBlock | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading and what follows it."""

    title: str
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: Heading of the whole.
        sections: Sections, in order.
        filters: For each axis by which the page can be filtered, its values.
        values: For each name of a row, the value of each axis.
    """

    title: str
    sections: list[Section]
    filters: dict[str, list[str]] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def pictures(self) -> Iterator[Picture]:
        """All of them, in order."""
        parts = (part for section in self.sections for part in section.parts)
        return (part for part in parts if isinstance(part, Picture))

    def markdown(self, *, with_pictures: bool = True) -> str:
        """GitHub's Markdown; its pictures are files beside it."""
        blocks = [f"# {escaped(self.title)}"]
        for section in self.sections:
            blocks.append(f"## {escaped(section.title)}")
            for part in section.parts:
                if with_pictures or not isinstance(part, Picture):
                    blocks.append(_markdown(part))
        return "\n\n".join(blocks) + "\n"


def shown(value: Any) -> str:
    """A cell's text; a dash for what is not known."""
    if isinstance(value, Measured):
        return value.text
    return value if isinstance(value, str) else format_number(value)


def escaped(text: str) -> str:
    """Text in one line of which Markdown takes nothing for markup."""
    return SPECIAL.sub(r"\\\g<0>", printable(" ".join(text.split())))


def rest_words(table: Table, most: int) -> str:
    """Says in a paragraph that a table has more rows than are shown; empty where it has not."""
    count = len(table.rows)
    if count <= most:
        return ""
    return f"\n\nThe first {most} of {count} rows; the CSV beside this file has all."


def _markdown(part: Part) -> str:
    if isinstance(part, Paragraph):
        return f"**Warning:** {escaped(part.text)}" if part.is_warning else escaped(part.text)
    if isinstance(part, CommandBlock):  # indented, for which no text has to be escaped
        return "\n".join(f"    {printable(line)}" for line in part.text.split("\n"))
    if isinstance(part, Picture):
        return f"![{escaped(part.caption)}]({part.name})"
    table = part.first(MOST_ROWS)
    rule = ["---:" if is_numeric else "---" for is_numeric in table.numeric]
    rows = [[escaped(cell) for cell in row] for row in [table.columns, *table.cells]]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])
    return f"{lines}{rest_words(part, MOST_ROWS)}"
