"""A search's journal: what of it is whole, after a process died or a file was damaged."""

import json
from pathlib import Path

from leyden.runs.atomic import replacing
from leyden.runs.files import read_bytes

DAMAGED = ".damaged"


def mend_journal(path: Path) -> str | None:
    """Keeps the lines before the first that is not whole; Optuna would read none.

    Args:
        path: Of the journal; the process has the sweep's lock.

    Returns:
        What there is to say: nothing where all is whole.
    """
    if not path.exists():
        return None
    content = read_bytes(path)
    whole = b""
    for line in content.splitlines(keepends=True):
        if not is_whole(line):
            break
        whole += line
    if whole == content:
        return None
    path.replace(path.with_name(path.name + DAMAGED))
    with replacing(path) as file:
        file.write(whole)
    lines, left_out = whole.count(b"\n"), len(content) - len(whole)
    return (
        f"{path.name} is damaged after line {lines}: {left_out} bytes were left out; it is now"
        f" {path.name}{DAMAGED}"
    )


def is_whole(line: bytes) -> bool:
    """Whether a line is one of Optuna's operations."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):  # no JSON, or no text
        return False
    has_operation = isinstance(content, dict) and isinstance(content.get("op_code"), int)
    return has_operation and line.endswith(b"\n")
