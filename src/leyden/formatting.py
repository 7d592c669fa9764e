"""Texts of users, files and libraries, shown as text wherever they go."""

import re
from collections.abc import Iterable


def printable(text: str) -> str:
    r"""In one line, with escapes such as `\x1b` for what would steer a terminal or turn text round.

    Those are control characters, line ends, marks of direction, and what is no character at all.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable_lines(text: str) -> str:
    """The same, but line ends and tabs stay."""
    return re.sub(r"[^\n\t]+", lambda found: printable(found[0]), text)


def printed(cells: Iterable[str]) -> list[str]:
    """Cells of a table, see `printable`."""
    return list(map(printable, cells))
