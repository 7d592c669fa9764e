"""What an explanation consists of, whatever its method: sections of a page, and numbers."""

import warnings
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from matplotlib.figure import Figure

from leyden.formatting import printable

DPI = 110
MOST_LETTERS = 80
"""Of the name of an input in a heading."""


@dataclass(frozen=True)
class Section:
    """A part of a page.

    Attributes:
        title: Heading.
        notes: Lines below it.
        body: HTML that comes before the pictures.
        pictures: Pictures by what they show.
        folded: Pictures that are shown when they are asked for.
        folded_title: What these show together.
    """

    title: str
    notes: list[str] = field(default_factory=list)
    body: str = ""
    pictures: dict[str, Figure] = field(default_factory=dict)
    folded: dict[str, Figure] = field(default_factory=dict)
    folded_title: str = ""


@dataclass(frozen=True)
class Content:
    """An explanation.

    Attributes:
        method: How.
        sections: What the page shows.
        file: Name of the file with the numbers.
        numbers: Its columns.
        lines: The result in words.
        notes: How far it can be trusted, and what is left out.
    """

    method: str
    sections: list[Section]
    file: str
    numbers: dict[str, list[Any]]
    lines: list[str]
    notes: list[str]


def png_of(figure: Figure) -> bytes:
    """A picture as a PNG file."""
    file = BytesIO()
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(file, format="png", dpi=DPI)
    return file.getvalue()


def short_name(name: str) -> str:
    """The name of an input in one line; of a long text the end, which its next token follows."""
    line = printable(name)
    return line if len(line) <= MOST_LETTERS else f"…{line[1 - MOST_LETTERS :]}"


def short_label(text: str, length: int = 24) -> str:
    """A name as a label of an axis: in one line, cut where it is long."""
    line = printable(text)
    return line if len(line) <= length else f"{line[: length - 1]}…"
