"""Writing a file so that a reader sees the old one or the new one, never a part."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""Ends the name of a file that is being written."""


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file, whole and on the disk."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `path` once it is on the disk.

    It is staged beside its target, since a rename is atomic on one file system only, and can be
    read by its owner alone until then. Its name is drawn: process numbers come again, in containers
    at once.
    """
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART}")
    try:
        with open(staged, "wb", opener=_for_its_owner) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        staged.chmod(0o666 & ~umask())
        os.replace(staged, path)
        sync_folder(path.parent)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise


def remove_parts(folder: Path) -> None:
    """Removes what a process that died had begun to write; no other may be writing there."""
    for path in folder.glob(f".*{PART}"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Brings a folder's list of files to the disk: without it a rename may not outlast a crash."""
    if os.name != "nt":  # no folder can be opened there
        sync_file(folder)


def sync_file(path: Path) -> None:
    """Brings what another part of the program wrote to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def umask() -> int:
    """The rights that this process's new files do not get; to read it, it has to be set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)
