"""A new project: a folder that trains and tests, made from the files in `templates/`."""

import keyword
import os
import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from leyden.config.location import TEMPLATES
from leyden.errors import ConfigError, Problem
from leyden.files.temporary import temporary_folder

PREFIX = ".leyden-new-"
NAME, PACKAGE = "my-project", "my_project"
"""What stands in the templates for the name of the project, and of its package."""

RENAMED = {"gitignore": ".gitignore"}
"""Files that would act in Leyden's own repository under the name that they are to have."""

FOLDERS = ("conf", "experiments", "outputs", "tests")
"""Folders of a project beside its package."""


def write_project(folder: Path, *, is_lightning: bool) -> list[Path]:
    """Writes a project, whole or not at all.

    Args:
        folder: New or empty folder; its name is that of the project.
        is_lightning: Whether its model is a LightningModule, and its data a LightningDataModule.

    Returns:
        Its files, relative to the folder.

    Raises:
        ConfigError: The name can't be that of a package, or the folder can't be made.
    """
    package = folder.name.replace("-", "_")
    _require_name(folder, package)
    _require_place(folder)
    variant = "lightning" if is_lightning else "network"
    words = {NAME: folder.name, PACKAGE: package}
    with temporary_folder(folder.absolute().parent, PREFIX) as temporary:
        staged = temporary / folder.name
        for place in (TEMPLATES / "common", TEMPLATES / variant):
            _copy(place, staged, words)
        files = sorted(path.relative_to(staged) for path in staged.rglob("*") if path.is_file())
        if folder.exists():
            folder.rmdir()
        staged.rename(folder)
    return files


def _copy(source: Path, target: Path, words: dict[str, str]) -> None:
    for path in sorted(source.rglob("*")):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        inner = path.relative_to(source)
        parts = [words.get(part, RENAMED.get(part, part)) for part in inner.parts]
        named = re.compile("|".join(words))
        text = named.sub(lambda found: words[found[0]], path.read_text(encoding="utf-8"))
        file = target.joinpath(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _require_name(folder: Path, package: str) -> None:
    name = folder.name
    if not (package.isidentifier() and package.isascii()) or keyword.iskeyword(package):
        hint = "must be letters, digits, - and _, as the name of a Python package"
    elif package.startswith("_") or name.endswith(("-", "_")):
        hint = "must begin with a letter, and end with a letter or a digit"
    elif package.lower() in FOLDERS:
        hint = "is the name of a folder of every project; type another name"
    elif package in sys.stdlib_module_names or _is_installed(package):
        hint = f"would hide the package `{package}`, which is there; type another name"
    else:
        return
    raise ConfigError([Problem("NAME", hint, str(folder))])


def _is_installed(package: str) -> bool:
    """Whether there is a package of a name elsewhere than in the working folder."""
    here = os.path.abspath("")
    places = [place for place in sys.path if os.path.abspath(place) != here]
    return PathFinder.find_spec(package, places) is not None


def _require_place(folder: Path) -> None:
    parent = folder.absolute().parent
    if folder.is_symlink() or folder.is_file():
        hint = "is a file or a link; name a new folder"
    elif folder.is_dir() and any(folder.iterdir()):
        hint = "is there and not empty; name a new folder"
    elif not parent.is_dir():
        hint = f"can't be made: there is no folder {parent}"
    elif not os.access(parent, os.W_OK):
        hint = f"can't be made: {parent} can't be written to"
    else:
        return
    raise ConfigError([Problem("NAME", hint, str(folder))])
