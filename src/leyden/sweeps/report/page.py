"""The report as one HTML file, which loads nothing else: its library of pictures is within it."""

import json
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from leyden.formatting import printable, printable_lines
from leyden.sweeps.report.document import (
    CommandBlock,
    Document,
    Measured,
    Paragraph,
    Picture,
    Table,
    rest_words,
)

MOST_ROWS = 1000
"""Of a table in the page, which is slow with more."""

ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}
"""What could end a script's element or begin another, as JSON writes it."""


def html(document: Document) -> str:
    """The page; only the scripts that it has itself may run in it.

    Args:
        document: The report.
    """
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        finalize=_in_html,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    interactive = [picture for picture in document.pictures if picture.figure is not None]
    figures = {_figure_id(picture): picture.figure for picture in interactive}
    library = _library() if figures else ""
    code = _package_file("report.js")
    kinds = {part.__name__: part for part in (Paragraph, CommandBlock, Table, Picture)}
    return environment.get_template("report.html.jinja").render(
        document=document,
        kinds=kinds,
        style=_Verbatim(_package_file("report.css")),
        code=_Verbatim(code),
        library=_Verbatim(library),
        figures=_Verbatim(embedded(figures)),
        values=_Verbatim(embedded(_printable(document.values))),
        figure_id=_figure_id,
        hashes=[_hash(text) for text in (library, code) if text],
        first_rows=lambda table: table.first(MOST_ROWS),
        rest_words=lambda table: rest_words(table, MOST_ROWS),
        sort_value=_sort_value,
    )


def embedded(value: Any) -> str:
    """JSON that no text within it can break out of, wherever in a page it stands."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


def _figure_id(picture: Picture) -> str:
    return f"figure-{picture.name.removesuffix('.png')}"


class _Verbatim(Markup):
    """The page's own code, in which nothing is to be escaped."""


def _in_html(value: Any) -> Any:
    """What the template puts into the page; its markup is escaped after that."""
    is_foreign = isinstance(value, str) and not isinstance(value, _Verbatim)
    return printable_lines(value) if is_foreign else value


def _printable(values: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {
        name: {axis: printable(level) for axis, level in of_row.items()}
        for name, of_row in values.items()
    }


def _sort_value(cell: Any) -> str:
    """By what a cell is sorted: a number as such, with all its digits."""
    cell = cell.value if isinstance(cell, Measured) else cell
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return repr(cell) if is_number else ""


def _library() -> str:
    """Plotly's JavaScript, which its Python package has."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _package_file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """As a policy of the page names a script that may run."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
