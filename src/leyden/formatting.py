"""Numbers, times and paths for display, and text of others made safe to print."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


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


def format_number(value: Any) -> str:
    """Four significant digits, or all before the point; a dash for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def format_percent(share: float) -> str:
    """A share in percent with two digits: 0.58 %, 5.8 %, 58 %, 583 %."""
    percent = 100 * share
    return f"{percent:.2g} %" if abs(percent) < 99.5 else f"{percent:,.0f} %"


def format_flops(count: int | None) -> str:
    """As 1.234e+09; a dash where it is not known."""
    return "-" if count is None else f"{count:.3e}"


def format_bytes(count: int | None) -> str:
    """As 12.3 MB; a dash where it is not known."""
    if count is None:
        return "-"
    power = min(4, max(1, (len(str(count)) - 1) // 3))
    return f"{count / 1000**power:,.1f} {' kMGT'[power]}B"


def format_seconds(seconds: float | None) -> str:
    """As 4.1 s, 3.2 min, 5.0 h or 2.1 d; a dash where it is not known."""
    if seconds is None:
        return "-"
    units = {"d": 86400, "h": 3600, "min": 60}
    unit, size = next((pair for pair in units.items() if seconds >= pair[1]), ("s", 1))
    return f"{seconds / size:,.1f} {unit}"


def format_time_range(seconds: Sequence[float] | None) -> str:
    """As 7.1-12 s or 50 s-1.2 min; a dash where it is not known.

    Args:
        seconds: The least and the most.
    """
    if seconds is None:
        return "-"
    (low, unit), (high, last_unit) = map(_two_digits, seconds)
    if (low, unit) == (high, last_unit):
        return f"{low} {unit}"
    return f"{low}-{high} {unit}" if unit == last_unit else f"{low} {unit}-{high} {last_unit}"


def _two_digits(seconds: float) -> tuple[str, str]:
    number, _, unit = format_seconds(seconds).partition(" ")
    value = float(number.replace(",", ""))
    return (f"{value:.1f}" if value < 10 else f"{value:,.0f}"), unit


def shown_path(path: Path) -> str:
    """Relative to the current folder where it lies below it."""
    absolute = path.absolute()
    return os.path.relpath(absolute) if absolute.is_relative_to(Path.cwd()) else str(absolute)
