"""What the page of an evaluation is made of."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paragraph:
    """Some sentences; a warning stands out."""

    text: str
    is_warning: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells, as they are shown.

    Attributes:
        columns: Headings.
        rows: Rows of cells.
        texts: Columns that are text, by their places; the others are numbers.
        marked: Rows that stand out, by their places.
        first: Rows that are shown at once; the others are shown when asked for.
    """

    columns: list[str]
    rows: list[list[str]]
    texts: tuple[int, ...] = (0,)
    marked: frozenset[int] = frozenset()
    first: int = 25


@dataclass(frozen=True)
class Picture:
    """A picture, in dark ink and in light ink, on no ground.

    Attributes:
        title: What it shows, in some words.
        caption: How it is read.
        light: Content of a PNG file for light pages.
        dark: The same for dark pages.
        is_large: Whether it needs the width of the page.
    """

    title: str
    caption: str
    light: bytes
    dark: bytes
    is_large: bool = False


@dataclass(frozen=True)
class Card:
    """A sample.

    Attributes:
        name: Name of the sample.
        lines: What is said of it.
        image: Content of a PNG file; None: it is no image.
        is_small: Whether the image has few pixels, which stay sharp when it is enlarged.
        curves: Values of curves, each with a word; of a series.
        text: Its text; empty: it has none.
    """

    name: str
    lines: list[str]
    image: bytes | None = None
    is_small: bool = False
    curves: list[tuple[str, list[float]]] = field(default_factory=list)
    text: str = ""


Part = Paragraph | Table | Picture | Card


@dataclass(frozen=True)
class Section:
    """A heading and what follows it."""

    title: str
    parts: list[Part]


@dataclass(frozen=True)
class Document:
    """A page.

    Attributes:
        title: Heading of the whole.
        facts: What was tested, by a word each.
        sections: Sections, in order.
    """

    title: str
    facts: dict[str, str]
    sections: list[Section]
