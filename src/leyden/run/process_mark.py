"""Telling a process from all others, also from a later one with the same number."""

import os
import platform
from pathlib import Path
from typing import Any

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""The same for all containers of a machine, whose processes can't see each other."""


def process_mark() -> dict[str, Any]:
    """Marks this process."""
    return mark_of(os.getpid())


def mark_of(pid: int) -> dict[str, Any]:
    """Marks a process of this machine."""
    return {"host": platform.node(), "boot": _boot(), "pid": pid, "started": _start_ticks(pid)}


def is_alive(mark: dict[str, Any]) -> bool:
    """Whether a marked process still runs; one on another host is believed to."""
    if mark["host"] != platform.node():
        return True
    if mark["started"] is not None:
        return bool(_start_ticks(mark["pid"]) == mark["started"])
    try:
        os.kill(mark["pid"], 0)
    except (OSError, OverflowError):
        return False
    return True


def may_be_alive(mark: dict[str, Any]) -> bool:
    """Whether a marked process may still work in a folder whose lock this process was given.

    A lock does not reach every other machine, but it does reach the containers of this one: a
    killed container comes again with another name, and the numbers of its processes, too.
    """
    is_other_container = mark["host"] != platform.node() and mark.get("boot") == _boot()
    return is_alive(mark) and (_boot() is None or not is_other_container)


def _boot() -> str | None:
    try:
        return BOOT.read_text().strip()
    except OSError:  # not Linux
        return None


def _start_ticks(pid: int) -> int | None:
    """When a process began; None where it is gone, though nobody has asked for its end yet."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        # The name in brackets may hold spaces; after it come the state and as 20th the start time.
        fields = stat.read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else int(fields[19])
    except (OSError, IndexError, ValueError):
        return None
