"""Reading runs back."""

import json
from pathlib import Path
from typing import Any

from leyden.runs.process_mark import is_alive
from leyden.runs.record import NAME


def find_runs(root: Path) -> list[dict[str, Any]]:
    """The records below a folder, oldest first, each with its `folder`.

    A run that says `running` but whose process is gone is shown as `crashed`.
    """
    records = []
    for path in root.rglob(NAME):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:  # no record of ours; `leyden eval` and the like say so
            continue
        if record["status"] == "running" and not is_alive(record["process"]):
            record["status"] = "crashed"
        records.append({"folder": str(path.parent), **record})
    return sorted(records, key=lambda record: (record["started"] or "", record["folder"]))
