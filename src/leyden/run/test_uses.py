"""How often a run's test part was used, in a file beside its record.

A test part that was looked at many times is a validation part: who chooses by it fits it. So each
use leaves a line.
"""

import json
from pathlib import Path
from typing import Any, Literal

from leyden.files.json_file import mismatch
from leyden.files.regular import read_text, regular
from leyden.run.record import now

NAME = "test_uses.jsonl"


def add_test_use(
    folder: Path, *, by: Literal["train", "eval"], checkpoint: str | None, overrides: list[str]
) -> None:
    """Adds a line to the file.

    Args:
        folder: Folder of the run.
        by: What tested: the run at its end, or a later evaluation.
        checkpoint: Name of the checkpoint's file; None: the last weights.
        overrides: What was changed of the run's config.

    Raises:
        OSError: The file can't be written.
    """
    use = {"at": now(), "by": by, "checkpoint": checkpoint, "overrides": overrides}
    with open(folder / NAME, "a", opener=regular, encoding="utf-8") as file:
        file.write(json.dumps(use) + "\n")


def read_test_uses(folder: Path) -> list[dict[str, Any]]:
    """The uses of a run's test part, the first one first; lines that are none are left out."""
    try:
        lines = read_text(folder / NAME).splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    found = []
    for line in lines:
        try:
            use = json.loads(line)
        except ValueError:  # the machine died while it was written
            continue
        if mismatch(use, dict[str, Any]) is None:
            found.append(use)
    return found
