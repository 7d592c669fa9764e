"""Texts from files in messages of one line."""

from leyden.printable import printable

MOST_CHARACTERS = 40


def shown(text: str) -> str:
    """A text without line ends and signs that can't be seen, and not too long."""
    visible = printable(text[: 2 * MOST_CHARACTERS])
    return visible if len(visible) <= MOST_CHARACTERS else f"{visible[: MOST_CHARACTERS - 3]}..."
