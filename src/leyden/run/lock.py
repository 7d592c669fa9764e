"""Locks of folders, and marks that identify a process although PIDs are reused."""

import json
import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from leyden.errors import ConfigError, Problem
from leyden.files.atomic import remove_parts, write_atomically
from leyden.files.json_file import read_json, reason_of
from leyden.files.regular import regular

LOCK = ".lock"
OWNER = ".owner.json"
EXECUTION = ".execution.lock"
SECONDS_TO_LEAVE = 30.0
"""Twice what a job has to end in."""


@contextmanager
def folder_lock(folder: Path, *, key: str) -> Iterator[None]:
    """Holds a run's or a sweep's folder; the system lets go when this process dies.

    So a lock never has to be removed by hand. Who holds it is written beside it.

    Args:
        folder: Made if it is not there; a wrong request does not leave it.
        key: Under which another holder is reported.

    Raises:
        ConfigError: Another process holds it.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = _lock(folder / LOCK)
    except OSError as error:
        raise ConfigError([Problem(key, f"its {LOCK} {reason_of(error)}", str(folder))]) from error
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"is being run by {_owner(folder)}; wait for it, or stop it with Ctrl-C"
        raise ConfigError([Problem(key, message, str(folder))]) from error
    try:
        remove_parts(folder)
        write_atomically(folder / OWNER, json.dumps(process_mark()))
        yield
    except ConfigError:
        if is_new:
            shutil.rmtree(folder)
        raise
    finally:
        (folder / OWNER).unlink(missing_ok=True)
        lock.release()


@contextmanager
def execution_lock(folder: Path) -> Iterator[None]:
    """Lets one process at a time execute a run.

    The processes of a command that was killed save and end within seconds; they are waited for.

    Args:
        folder: Folder of the run.

    Raises:
        RuntimeError: Another one goes on.
    """
    lock = _lock(folder / EXECUTION)
    try:
        lock.acquire(timeout=SECONDS_TO_LEAVE)
    except Timeout as error:
        raise RuntimeError(f"another process still executes the run in {folder}") from error
    try:
        yield
    finally:
        lock.release()


def _lock(path: Path) -> BaseFileLock:
    os.close(regular(str(path), os.O_RDWR | os.O_CREAT))  # FileLock follows links
    return FileLock(path)


def _owner(folder: Path) -> str:
    try:
        owner = read_json(folder / OWNER)
        return f"process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


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
