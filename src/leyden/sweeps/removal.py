"""Removal of runs and sweeps: never of what runs, or of what others start from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from omegaconf import OmegaConf

from leyden.errors import ConfigError, Problem
from leyden.files.temporary import temporary_folder
from leyden.run.folder import read_frozen
from leyden.run.foreign_links import find_named, reject_foreign_links
from leyden.run.lock import EXECUTION, folder_lock
from leyden.run.record import NAME as RUN
from leyden.sweeps.record import NAME as SWEEP

REMOVED = ".removed."
"""Beginning of the name of the folder in which others are removed."""


@dataclass(frozen=True)
class Removable:
    """A folder that may be removed.

    Attributes:
        folder: Folder of a run or a sweep.
        runs: Number of runs in it.
        num_bytes: Size of its files.
    """

    folder: Path
    runs: int
    num_bytes: int


def removable(folders: Iterable[Path], *, root: Path) -> list[Removable]:
    """Looks at folders that are to be removed, and changes nothing.

    Args:
        folders: Folders of runs and sweeps.
        root: Folder below which runs are looked for that start from them.

    Raises:
        ConfigError: One is no run or sweep, or a job of a sweep; or others start from it.
    """
    found, problems = [], []
    folders = list(dict.fromkeys(folder.resolve() for folder in folders))
    starts = dict(_starts(root))
    for folder in folders:
        if not any((folder / name).is_file() for name in (RUN, SWEEP)):
            message = "is neither a run's folder nor a sweep's"
            problems.append(Problem("FOLDER", message, str(folder)))
            continue
        reject_foreign_links(folder, key="FOLDER")
        sweep = next((one for one in folder.parents if (one / SWEEP).is_file()), None)
        if sweep is not None:
            message = f"is a job of the sweep in {sweep}; remove that"
            problems.append(Problem("FOLDER", message, str(folder)))
            continue
        others = [
            other
            for other, source in starts.items()
            if source.is_relative_to(folder)
            and not any(other.is_relative_to(one) for one in folders)
        ]
        if others:
            message = f"{_listed(others)} starts from it (init_from); remove that first"
            problems.append(Problem("FOLDER", message, str(folder)))
            continue
        files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
        runs = sum(path.name == RUN for path in files)
        found.append(Removable(folder, runs, sum(path.stat().st_size for path in files)))
    if problems:
        raise ConfigError(problems)
    return found


def _listed(folders: list[Path]) -> str:
    more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
    return f"{folders[0]}{more}"


def _starts(root: Path) -> Iterator[tuple[Path, Path]]:
    """The runs below a folder that start from others' weights, and from what."""
    if not root.is_dir():
        return
    for path in find_named(root, RUN):
        try:
            cfg = read_frozen(path.parent)
        except ConfigError:
            continue
        source = OmegaConf.select(cfg, "init_from", throw_on_resolution_failure=False)
        if isinstance(source, str) and not source.startswith("hf:"):
            yield path.parent.resolve(), Path(source).expanduser().resolve()


def remove(one: Removable) -> None:
    """Removes a folder; what an interruption leaves of it, the next removal beside it takes away.

    Raises:
        ConfigError: It is being run.
    """
    with folder_lock(one.folder, key="FOLDER"):
        for path in (one.folder, *(found.parent for found in find_named(one.folder, RUN))):
            _require_idle(path)
        with temporary_folder(one.folder.parent, REMOVED) as place:
            one.folder.rename(place / one.folder.name)


def _require_idle(folder: Path) -> None:
    """Raises `ConfigError` where a process executes a run."""
    if not (folder / EXECUTION).is_file():
        return
    try:
        with FileLock(folder / EXECUTION, timeout=0):
            pass
    except Timeout as error:
        message = "is being run; wait for it, or stop it with Ctrl-C"
        raise ConfigError([Problem("FOLDER", message, str(folder))]) from error
