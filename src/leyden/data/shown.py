"""Texts from files in messages of one line."""

from collections import Counter
from collections.abc import Collection

from leyden.printable import printable

MOST_CHARACTERS = 40


def shown(text: str) -> str:
    """A text without line ends and signs that can't be seen, and not too long."""
    visible = printable(text[: 2 * MOST_CHARACTERS])
    return visible if len(visible) <= MOST_CHARACTERS else f"{visible[: MOST_CHARACTERS - 3]}..."


def same_but_case(names: Collection[str]) -> list[str]:
    """Names that differ in their case only, those that are alike in a text: `a` and `A`."""
    counts = Counter(name.casefold() for name in names)
    return [
        " and ".join(f"`{shown(name)}`" for name in names if name.casefold() == folded)
        for folded, count in counts.items()
        if count > 1
    ]
