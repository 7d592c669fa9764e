"""The files below a folder of the user, without what systems leave there."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEBRIS = {"thumbs.db", "ehthumbs.db", ".ds_store", "desktop.ini", ".directory", "icon\r"}
"""Files that systems leave in every folder, in lower case; nobody misses them."""
DEBRIS_FOLDERS = {"__macosx", "@eadir", ".git", ".svn", ".hg", ".trashes", ".spotlight-v100"}


@dataclass
class FoundFiles:
    """The files below a folder.

    Attributes:
        files: Files in the order of their names; links to files and folders are followed.
        left_out: Number of files that are not among them, by reason.
    """

    files: list[Path] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def find_files(folder: Path, *, leave_out: Path | None = None) -> FoundFiles:
    """All files below a folder. Only `DEBRIS` is passed over without a count.

    Args:
        folder: Folder to search.
        leave_out: Folder that is not entered.
    """
    found = FoundFiles()
    not_entered = None if leave_out is None else os.path.realpath(leave_out)
    for file in _walk(folder, (os.path.realpath(folder),), not_entered, found.left_out):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            found.left_out["hidden"] += 1
        else:
            found.files.append(file)
    found.files.sort()
    return found


def visible_files(folder: Path) -> list[Path]:
    """Files below a folder, in the order of their names."""
    return find_files(folder).files


def by_ending(files: Iterable[Path]) -> Counter[str]:
    """Numbers of files, by what their names end with."""
    return Counter(
        f"ending {file.suffix.lower()}" if file.suffix else "no ending" for file in files
    )


def is_debris(name: str) -> bool:
    """Whether a system has left a file of this name; `._*` are macOS's on foreign disks."""
    return name.lower() in DEBRIS or name.startswith("._")


def _walk(
    folder: Path, above: tuple[str, ...], not_entered: str | None, left_out: Counter[str]
) -> Iterator[Path]:
    """Every file but debris; no folder is entered from within itself.

    Args:
        folder: Folder to enter.
        above: Real paths of the folder and of those through which it was reached.
        not_entered: Real path of a folder that is left out.
        left_out: Counter of broken links, of links that lead back and of what can't be entered.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        left_out[f"folder that can't be entered: {error.strerror}"] += 1
        return
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir():
            real = os.path.realpath(path)
            if entry.name.lower() in DEBRIS_FOLDERS or real == not_entered:
                continue
            if any(_is_within(one, real) for one in above):
                left_out["link to a folder that it lies in"] += 1
            else:
                yield from _walk(path, (*above, real), not_entered, left_out)
        elif entry.is_file():
            if not is_debris(entry.name):
                yield path
        else:
            left_out["broken link" if entry.is_symlink() else "no regular file"] += 1


def _is_within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder
