"""A document of sections, and how it is written as Markdown and as one HTML file."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader

from leyden.files.csv_cells import csv_table
from leyden.formatting import format_number, printable, printable_lines, printed

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
class Table:
    """Rows of values: numbers, texts, or None for what is not known."""

    columns: list[str]
    rows: list[list[Any]]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether it has numbers only."""
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        return [all(isinstance(cell, int | float | None) for cell in cells) for cells in columns]

    @property
    def cells(self) -> list[list[str]]:
        """As they are shown."""
        return [printed(map(shown, row)) for row in self.rows]

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
    """A PNG, the name of its file, and what it shows."""

    name: str
    caption: str
    png: bytes

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
    """A report."""

    title: str
    sections: list[Section]

    @property
    def pictures(self) -> Iterator[Picture]:
        """All of them, in order."""
        parts = (part for section in self.sections for part in section.parts)
        return (part for part in parts if isinstance(part, Picture))

    def html(self) -> str:
        """One file that loads nothing else."""
        environment = Environment(
            loader=PackageLoader(__package__, "."),
            autoescape=True,
            finalize=_in_html,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        kinds = {part.__name__: part for part in (Paragraph, CommandBlock, Table, Picture)}
        return environment.get_template("report.html.jinja").render(document=self, kinds=kinds)

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
    return value if isinstance(value, str) else format_number(value)


def escaped(text: str) -> str:
    """Text in one line of which Markdown takes nothing for markup."""
    return SPECIAL.sub(r"\\\g<0>", printable(" ".join(text.split())))


def _in_html(value: Any) -> Any:
    """What the template puts into the page; its markup is escaped after that."""
    return printable_lines(value) if isinstance(value, str) else value


def _markdown(part: Part) -> str:
    if isinstance(part, Paragraph):
        return f"**Warning:** {escaped(part.text)}" if part.is_warning else escaped(part.text)
    if isinstance(part, CommandBlock):  # indented, for which no text has to be escaped
        return "\n".join(f"    {printable(line)}" for line in part.text.split("\n"))
    if isinstance(part, Picture):
        return f"![{escaped(part.caption)}]({part.name})"
    rule = ["---:" if is_numeric else "---" for is_numeric in part.numeric]
    rows = [[escaped(cell) for cell in row] for row in [part.columns, *part.cells]]
    return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])
