"""The folder of a run or a sweep is not trusted: no link in it may lead out of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from leyden.errors import ConfigError, Problem

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
MOST_SAID = 3


def reject_foreign_links(folder: Path, *, key: str) -> None:
    """Looks through a folder before anything in it is opened, written or removed.

    The folder itself may be a link, or lie below one. Links within it stay within it.

    Args:
        folder: Folder of a run or a sweep; it need not be there.
        key: Key under which a problem is reported.

    Raises:
        ConfigError: A link leads out of it, or there is a pipe, a socket or a device.
    """
    found = list(foreign(folder))
    if not found:
        return
    said = [f"`{path.relative_to(folder)}` {reason}" for path, reason in found[:MOST_SAID]]
    more = f", and {len(found) - MOST_SAID} more" if len(found) > MOST_SAID else ""
    message = f"{', '.join(said)}{more}; remove it, or put what it stands for in its place"
    raise ConfigError([Problem(key, message, str(folder))])


def foreign(folder: Path) -> Iterator[tuple[Path, str]]:
    """What in a folder leads out of it, or is no file and no folder, and why."""
    inside = os.path.realpath(folder)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            try:
                mode = path.lstat().st_mode
            except OSError:  # it is gone
                continue
            if stat.S_ISLNK(mode):
                target = os.path.realpath(path)
                if not _is_within(target, inside):
                    yield path, f"is a link that leads out of the folder, to {target}"
            elif (kind := KINDS.get(stat.S_IFMT(mode))) is not None:
                yield path, f"is {kind}"


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path, there or not, is below a folder, whatever links and `..` are on its way."""
    root, real = os.path.realpath(folder), os.path.realpath(path)
    return real != root and _is_within(real, root)


def _is_within(real: str, root: str) -> bool:
    return real == root or real.startswith(root.rstrip(os.sep) + os.sep)


def find_named(root: Path, name: str) -> Iterator[Path]:
    """Files of a name below a folder; no link to another folder is followed."""
    for parent, _, files in os.walk(root):
        if name in files:
            yield Path(parent, name)
