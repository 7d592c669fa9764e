"""Reading runs back."""

from pathlib import Path
from typing import Any

from leyden.runs.content import read_content
from leyden.runs.foreign_links import find_named
from leyden.runs.json_file import reason_of
from leyden.runs.process_mark import is_alive
from leyden.runs.record import NAME


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
        process = record["process"]
        if record["status"] == "running" and (process is None or not is_alive(process)):
            record["status"] = "crashed"
        records.append({"folder": str(path.parent), **record})
    in_order = sorted(records, key=lambda one: (one["started"] or "", str(one["folder"])))
    return in_order, sorted(left_out)
