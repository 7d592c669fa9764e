"""Where a run is written: its name and its folder can be used."""

from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig

from leyden.errors import ConfigError, Problem
from leyden.run.folder import is_begun
from leyden.run.foreign_links import reject_foreign_links


def name_is_a_folder_name(cfg: DictConfig) -> Iterator[Problem]:
    """The name stays inside `outputs/`."""
    name = cfg.name
    if name is None:
        return
    sound = name.isprintable() and name not in ("", ".", "..") and not set(name) & set("/\\:")
    if not sound or len(name) > 100:
        message = "must be a folder's name: printable, at most 100 characters, no / \\ :"
        yield Problem("name", message, repr(name))


def run_dir_is_free(cfg: DictConfig) -> Iterator[Problem]:
    """The folder that the user chose is new, empty, or that of a run or a sweep."""
    if cfg.run_dir is None:
        return
    folder = Path(cfg.run_dir)
    if folder.exists() and not folder.is_dir():
        yield Problem("run_dir", "is a file; name a folder", cfg.run_dir)
    elif folder.is_dir() and not is_begun(folder):
        try:
            reject_foreign_links(folder, key="run_dir")
        except ConfigError as error:
            yield from error.problems
            return
        message = "is not empty, and holds no run that could be resumed; name a new folder"
        yield Problem("run_dir", message, cfg.run_dir)
