"""What a data set raises when it can't be read as asked, and how its messages quote the data."""

import re
import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from leyden.config.quoting import quoted
from leyden.formatting import printable


class DataError(Exception):
    """The data or the parameters of a data set are wrong, or a download failed.

    Attributes:
        key: Parameter of the data set that is to be changed; None: none in particular.
    """

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key

    def __reduce__(self) -> tuple[type["DataError"], tuple[str | None, str]]:
        return type(self), (self.key, str(self))  # a process that reads ahead sends it


MOST_CHARACTERS = 40
PLAIN = re.compile(r"(?!(?:null|true|false|yes|no|on|off|nan|inf)$)[A-Za-z_][\w-]*", re.IGNORECASE)
"""Words that Hydra's grammar, YAML and a shell take for themselves."""
PLAIN_PATH = re.compile(r"(?!\d+$)[\w/.-]+", re.ASCII)


def excerpt(text: str) -> str:
    """The beginning of a text, without line ends and invisible characters."""
    visible = printable(text[: 2 * MOST_CHARACTERS])
    return visible if len(visible) <= MOST_CHARACTERS else f"{visible[: MOST_CHARACTERS - 3]}..."


def override(key: str, value: str | Sequence[str]) -> str:
    """The override, quoted for a shell, that sets a key of the data set to a text or a list."""
    if isinstance(value, str):
        is_plain = bool((PLAIN_PATH if key == "path" else PLAIN).fullmatch(value))
        text = value if is_plain else quoted(value)
    else:
        is_plain = all(map(PLAIN.fullmatch, value))
        text = f"[{','.join(value if is_plain else map(quoted, value))}]"
    return f"data.{key}={text}" if is_plain else shlex.quote(f"data.{key}={text}")


def differing_in_case_only(names: Collection[str]) -> list[str]:
    """Groups of names that differ in their case only, such as "`a` and `A`"."""
    counts = Counter(name.casefold() for name in names)
    return [
        " and ".join(f"`{excerpt(name)}`" for name in names if name.casefold() == folded)
        for folded, count in counts.items()
        if count > 1
    ]


def format_cell(cell: object) -> str:
    """A cell as people write it: 2006, not 2006.0."""
    is_whole = isinstance(cell, float) and cell.is_integer()
    return f"{cell:.0f}" if is_whole else str(cell)


def quoted_list(names: Iterable[str], without: str = "") -> str:
    """The first names in backticks, for a message."""
    chosen = [f"`{name}`" for name in names if name != without]
    return ", ".join(chosen[:5]) + (f" and {len(chosen) - 5} more" if len(chosen) > 5 else "")
