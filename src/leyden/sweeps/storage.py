"""Where a search keeps its trials."""

from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


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
    """A database for a URL, else a journal, to which many processes may write.

    Args:
        storage: URL that Optuna takes, or a path.
    """
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if "://" in storage:
        return RDBStorage(storage)
    lock = KernelLock(storage)
    return JournalStorage(JournalFileBackend(storage, lock_obj=lock))  # type: ignore[arg-type]
