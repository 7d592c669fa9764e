"""Fetching data sets: once, as a whole, and by one process."""

import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from leyden.data.errors import DataError
from leyden.files.temporary import temporary_folder


def data_folder() -> Path:
    """Where downloads are kept: `LEYDEN_DATA`, by default `~/.cache/leyden`."""
    return Path(os.environ.get("LEYDEN_DATA") or "~/.cache/leyden").expanduser()


def fetch_into(folder: Path, fill: Callable[[Path], None], *, by_hand: str) -> None:
    """Makes `folder` by filling a temporary one beside it, which is then renamed.

    So `folder` is whole if it is there at all; of several processes one does the work and the
    others wait for it.

    Args:
        folder: Folder to make, if it is not there.
        fill: Function that puts the files into the folder that it is given.
        by_hand: Advice for a person where this fails.

    Raises:
        DataError: `fill` failed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if folder.exists():
            return
        try:
            with temporary_folder(folder.parent, ".leyden-fetching-") as temporary:
                filled = Path(temporary) / folder.name
                filled.mkdir()
                with confined_archives():
                    fill(filled)
                filled.rename(folder)
        except (OSError, RuntimeError, EOFError, zlib.error, tarfile.TarError) as error:
            reason = str(error).strip().splitlines()
            message = f"could not be fetched ({reason[-1] if reason else repr(error)}); {by_hand}"
            raise DataError(None, message) from error


@contextmanager
def confined_archives() -> Iterator[None]:
    """Makes tar archives raise for members that would land, or lead, outside of their folder.

    Python does so by itself from 3.14 on (PEP 706); members of zip archives can't escape.
    """
    before = tarfile.TarFile.extraction_filter
    tarfile.TarFile.extraction_filter = staticmethod(tarfile.data_filter)
    try:
        yield
    finally:
        tarfile.TarFile.extraction_filter = before
