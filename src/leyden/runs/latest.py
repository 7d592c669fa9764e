"""How far a run has come that is still going on."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from leyden.runs.files import regular

TAIL_BYTES = 16_384
"""Of a table that grows, in which the last row with a training loss stands."""


def last_logged(folder: Path) -> tuple[int | None, float | None]:
    """Step, counted from 1, and training loss of the last logged step in `metrics.csv`.

    Args:
        folder: The run's. While it runs its table may end within a row.

    Returns:
        None for what is not there yet.
    """
    try:
        with open(folder / "metrics.csv", "rb", opener=regular) as file:
            columns = file.readline(TAIL_BYTES).decode(errors="replace").strip().split(",")
            begin = file.tell()
            end = file.seek(0, 2)
            file.seek(max(begin, end - TAIL_BYTES))
            lines = file.read().decode(errors="ignore").split("\n")[:-1]
    except OSError:
        return None, None
    for row in reversed(list(_rows(lines, columns))):
        try:
            return int(row["step"]) + 1, float(row["train/loss"])
        except (KeyError, ValueError, TypeError):  # a validation's row, or the rest of one
            continue
    return None, None


def _rows(lines: list[str], columns: list[str]) -> Iterator[dict[str, str]]:
    """Rows up to the first that is not of CSV."""
    with suppress(csv.Error):
        yield from csv.DictReader(lines, columns)
