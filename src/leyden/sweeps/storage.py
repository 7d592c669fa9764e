"""Where a search keeps its trials: a journal in the folder of the sweep, or a database."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from leyden.files.atomic import replacing
from leyden.files.regular import read_bytes

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

URL_IN_ENVIRONMENT = "LEYDEN_STORAGE"
"""The variable in which jobs find a database's URL."""


class KernelLock:
    """A lock that the system releases when its process dies; Optuna's own stays for a while."""

    def __init__(self, path: str) -> None:
        self.lock = FileLock(f"{path}.lock")

    def acquire(self) -> bool:
        """Waits for the lock."""
        self.lock.acquire()
        return True

    def release(self) -> None:
        """Gives it to the next."""
        self.lock.release()


def open_storage(storage: str) -> "BaseStorage":
    """A database, or a journal, to which many processes may write.

    Args:
        storage: Path of a journal; or `URL_IN_ENVIRONMENT`.
    """
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if storage == URL_IN_ENVIRONMENT:
        return RDBStorage(os.environ[URL_IN_ENVIRONMENT])
    lock = KernelLock(storage)
    return JournalStorage(JournalFileBackend(storage, lock_obj=lock))  # type: ignore[arg-type]


DAMAGED = ".damaged"


def mend_journal(path: Path) -> str | None:
    """Keeps the lines before the first that is not whole; Optuna would read none.

    Args:
        path: Path of the journal; the process has the sweep's lock.

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
