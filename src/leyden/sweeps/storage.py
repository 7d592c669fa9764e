"""Where a search keeps its trials."""

import os
from typing import TYPE_CHECKING

from filelock import FileLock

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
