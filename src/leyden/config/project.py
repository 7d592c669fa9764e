"""The project that the working folder lies in: `[tool.leyden]` of its `pyproject.toml`.

It allows packages and imports modules, so it is read from the user's own folders alone: from the
working folder up to the repository's root, and never from a run's folder, which may be a
stranger's.
"""

import os
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from leyden.errors import ConfigError, Problem, suggestion
from leyden.formatting import shown_path

FILE = "pyproject.toml"
TABLE = "tool.leyden"
TEXTS = ("packages", "import")
FOLDERS = ("conf", "experiments", "outputs")
PRIMARY = ("train", "config")
"""Names of a primary config; the first that is in the folder `conf` is taken."""

RECORDS = ("run.json", "sweep.json")
"""A folder that has one is a run's or a sweep's."""

MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Project:
    """What a project file says.

    Attributes:
        file: The `pyproject.toml`.
        packages: Packages that configs may name.
        conf: Folder of the project's own configs.
        experiments: Folder of its experiments.
        outputs: Folder of its runs.
        imports: Modules that are imported before anything is composed.
    """

    file: Path
    packages: tuple[str, ...]
    conf: Path | None
    experiments: Path | None
    outputs: Path
    imports: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder that paths are relative to."""
        return self.file.parent

    @property
    def import_folders(self) -> tuple[str, ...]:
        """Folders that the project's packages are imported from: its own, `src`, or both.

        Only those that have one: modules of others must not be found in the place of libraries.
        """
        firsts = {name.partition(".")[0] for name in (*self.packages, *self.imports)}
        places = (self.folder, self.folder / "src")
        return tuple(
            str(place)
            for place in places
            if any((place / one).is_dir() or (place / f"{one}.py").is_file() for one in firsts)
        )

    @property
    def primary(self) -> str | None:
        """Name of the project's own primary config; None where it extends Leyden's."""
        if self.conf is None:
            return None
        names = (name for name in PRIMARY if (self.conf / f"{name}.yaml").is_file())
        return next(names, None)

    def import_modules(self) -> None:
        """Imports what registers resolvers and configs.

        Raises:
            ConfigError: A module can't be imported.
        """
        add_import_folders(self.import_folders)
        for name in self.imports:
            try:
                import_module(name)
            except Exception as error:  # the user's code may raise anything
                reason = f"{type(error).__name__}: {error}".partition("\n")[0]
                message = f"can't be imported: {reason}"
                raise ConfigError([_problem(self.file, "import", message, name)]) from error


def current_project() -> Project | None:
    """The project of the working folder; None where there is none.

    Raises:
        ConfigError: All that is wrong with its file.
    """
    try:
        return _project_at(os.getcwd())
    except FileNotFoundError:  # the working folder is gone
        return None


def forget_project() -> None:
    """Lets the file be read anew: it may have been written since."""
    _project_at.cache_clear()


def add_import_folders(folders: tuple[str, ...]) -> None:
    """Lets modules be imported from some folders, the first of them first."""
    for folder in reversed(folders):
        if folder not in sys.path:
            sys.path.insert(0, folder)


@cache
def _project_at(folder: str) -> Project | None:
    for file in _candidates(Path(folder)):
        table = _table_of(file)
        if table is not None:
            return None if _is_in_a_run(file.parent) else read_project(file, table)
    return None


def _candidates(start: Path) -> Iterator[Path]:
    """Project files of the working folder and those above it that are the user's own."""
    for folder in (start, *start.parents):
        if folder != start and not is_own(folder):
            return
        file = folder / FILE
        if file.is_file() and (folder == start or is_own(file)):
            yield file
        if (folder / ".git").exists():
            return


def is_own(path: Path) -> bool:
    """Whether nobody but the user and the system's administrator may have written a path."""
    if not hasattr(os, "getuid"):  # Windows
        return True
    status = path.lstat()
    if status.st_uid == os.getuid():
        return True
    return status.st_uid == 0 and not status.st_mode & 0o002


def _is_in_a_run(folder: Path) -> bool:
    return any((one / name).exists() for one in (folder, *folder.parents) for name in RECORDS)


def _table_of(file: Path) -> Any:
    """The table of a file; None where it has none.

    Raises:
        ConfigError: It can't be read, though it seems to have one.
    """
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES)
    if b"leyden" not in content:
        return None
    try:
        tool = tomllib.loads(content.decode("utf-8")).get("tool")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([Problem(FILE, f"can't be read: {error}", shown_path(file))]) from error
    return tool.get("leyden") if isinstance(tool, dict) else None


def read_project(file: Path, table: Any) -> Project:
    """The project that a table describes.

    Args:
        file: File that the table is of.
        table: As TOML gives it.

    Raises:
        ConfigError: All that is wrong with it.
    """
    if not isinstance(table, dict):
        raise ConfigError([Problem(TABLE, "must be a table", str(table), shown_path(file))])
    problems = [
        *(
            _problem(file, key, f"no such key; {suggestion(key, (*TEXTS, *FOLDERS))}", value)
            for key, value in table.items()
            if key not in (*TEXTS, *FOLDERS)
        ),
        *_wrong_texts(file, table),
        *_wrong_folders(file, table),
    ]
    if problems:
        raise ConfigError(problems)
    paths = {key: _path(file, table[key]) for key in FOLDERS if key in table}
    return Project(
        file=file,
        packages=tuple(table.get("packages", ())),
        conf=paths.get("conf"),
        experiments=paths.get("experiments"),
        outputs=paths.get("outputs", file.parent / "outputs"),
        imports=tuple(table.get("import", ())),
    )


def _wrong_texts(file: Path, table: dict[str, Any]) -> Iterator[Problem]:
    for key in TEXTS:
        names = table.get(key, [])
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not is_list:
            yield _problem(file, key, 'must be a list of names, such as ["my_code"]', names)
            continue
        for name in names:
            if not all(part.isidentifier() for part in name.split(".")):
                yield _problem(file, key, "must be names of Python modules", name)
            elif not _is_there(file.parent, name):
                known = modules_in(file.parent)
                message = f"there is no such package; {suggestion(name.partition('.')[0], known)}"
                yield _problem(file, key, message, name)


def _wrong_folders(file: Path, table: dict[str, Any]) -> Iterator[Problem]:
    for key in FOLDERS:
        value = table.get(key)
        if value is None:
            continue
        if not isinstance(value, str) or not value:
            yield _problem(file, key, "must be the path of a folder, as a text", value)
        elif key != "outputs" and not _path(file, value).is_dir():
            above = _path(file, value).parent
            known = [path.name for path in above.glob("[!.]*") if path.is_dir()]
            message = f"there is no such folder; {suggestion(Path(value).name, known)}"
            yield _problem(file, key, message, value)
        elif _path(file, value).is_file():
            yield _problem(file, key, "is a file; name a folder", value)


def _path(file: Path, value: str) -> Path:
    return Path(os.path.normpath(file.parent / Path(value).expanduser()))


def _is_there(folder: Path, name: str) -> bool:
    """Whether the outermost package of a name can be found; nothing is imported."""
    first = name.partition(".")[0]
    return PathFinder.find_spec(first, [str(folder), str(folder / "src"), *sys.path]) is not None


def modules_in(folder: Path) -> list[str]:
    """Packages and modules that lie in a project's folder, or in `src` below it."""
    found = set()
    for place in (folder, folder / "src"):
        if place.is_dir():
            found |= {path.stem for path in place.glob("*.py")}
            found |= {path.name for path in place.iterdir() if any(path.glob("*.py"))}
    return sorted(name for name in found if name.isidentifier())


def _problem(file: Path, key: str, message: str, value: Any) -> Problem:
    return Problem(f"{TABLE}.{key}", message, str(value), shown_path(file))
