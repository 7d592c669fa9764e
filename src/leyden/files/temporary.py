"""Temporary folders that do not outlast their process, however it ends.

Whoever uses a folder holds a lock on it, which the system releases when the process dies; what is
found without a lock is removed by the next one that makes such a folder.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there only an ordinary end removes a folder
    fcntl = None  # type: ignore[assignment]


@contextmanager
def temporary_folder(place: Path, prefix: str) -> Iterator[Path]:
    """A new folder, which is removed at the end of the block unless it was renamed.

    Args:
        place: Folder in which it is made.
        prefix: Beginning of its name, as that of no other folder there. Those of this user that
            no process holds are removed first.
    """
    remove_left(place, prefix)
    # Unlike with `mkdtemp`, the name is known before the folder is there: no Ctrl-C leaves it.
    path = place / f"{prefix}{secrets.token_hex(8)}"
    owner, handle = os.getpid(), None
    try:
        handle = _make_and_hold(path)
        yield path
    finally:
        if os.getpid() == owner:  # not in a process that was forked meanwhile
            shutil.rmtree(path, ignore_errors=True)
            if handle is not None:
                os.close(handle)


def remove_left(place: Path, prefix: str) -> None:
    """Removes the folders of this user that begin so and that no process holds."""
    for left in place.glob(f"{prefix}*"):
        _remove_if_left(left)


def hold(folder: Path) -> int | None:
    """Lets another process use a temporary folder, too, until it ends; the handle of its lock."""
    if fcntl is None:
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _make_and_hold(path: Path) -> int | None:
    while True:
        path.mkdir(mode=0o700)
        try:
            handle = hold(path)
        except FileNotFoundError:
            continue
        if path.exists():  # nobody has taken it for one that was left
            return handle
        if handle is not None:
            os.close(handle)


def _remove_if_left(path: Path) -> None:
    """Removes a folder that no process holds."""
    if fcntl is None:
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # no folder, another user's, or gone
        return
    try:
        if os.fstat(handle).st_uid == os.getuid():
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(handle)
