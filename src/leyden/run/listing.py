"""The runs below a folder, and how far those have come that still run."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from leyden.files.json_file import reason_of
from leyden.files.regular import regular
from leyden.run.content import read_content
from leyden.run.foreign_links import find_named
from leyden.run.lock import is_alive
from leyden.run.record import NAME
from leyden.run.tags import read_tags


def find_runs(root: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The records below a folder, oldest first, each with its `folder`.

    A run that says `running` but whose process is gone is shown as `crashed`.

    Returns:
        The records, and for each file that is none, why it was left out.
    """
    records, left_out = [], []
    for path in find_named(root, NAME):
        try:
            record = read_content(path)
        except (OSError, ValueError) as error:
            left_out.append(f"left out {path}: {reason_of(error)}")
            continue
        record["status"] = status_of(record["status"], record["process"])
        tags = read_tags(path.parent)
        records.append({"folder": str(path.parent), **record, **({"tags": tags} if tags else {})})
    in_order = sorted(records, key=lambda one: (one["started"] or "", str(one["folder"])))
    return in_order, sorted(left_out)


def status_of(status: str, process: dict[str, Any] | None) -> str:
    """A run's status by its record; one that says `running` whose process is gone has crashed.

    Args:
        status: As the record says it.
        process: Process that trained, see `run.lock`.
    """
    is_gone = status == "running" and (process is None or not is_alive(process))
    return "crashed" if is_gone else status


TAIL_BYTES = 16_384
"""Of a table that grows, in which the last row with a training loss stands."""


def last_logged(folder: Path) -> tuple[int | None, float | None]:
    """Step, counted from 1, and training loss of the last logged step in `metrics.csv`.

    Args:
        folder: Folder of the run. While it runs its table may end within a row.

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
