"""Adoption of a project that is there: its project file, written from what its folders show."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from leyden.config.plain import read_yaml
from leyden.config.project import FILE, PRIMARY, TABLE, modules_in
from leyden.config.renamed import current_target
from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically

FOLDERS = ("configs", "conf", "config")
"""Where projects keep their configs."""

LOG_DIR = re.compile(r"\$\{(?:paths\.root_dir|oc\.env:PROJECT_ROOT)\}/([\w./-]+?)/?")
REGISTERS = re.compile(r"register_new_resolver\(|ConfigStore\.instance\(\)")
LEFT_OUT = {"__pycache__", "site-packages", "tests"}


@dataclass(frozen=True)
class Adoption:
    """What a project's folders show.

    Attributes:
        file: Project file.
        table: Keys of its table `[tool.leyden]`.
        understood: A line for each thing that was found.
        programs: Files that register resolvers or configs and can't be imported for it, since they
            are programs.
    """

    file: Path
    table: dict[str, str | list[str]]
    understood: tuple[str, ...]
    programs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The table, as TOML."""
        lines = [f"{key} = {_toml(value)}" for key, value in self.table.items()]
        return "\n".join([f"[{TABLE}]", *lines, ""])

    def write(self) -> None:
        """Adds the table to the project file; what is there stays as it is.

        Raises:
            ConfigError: The file can't be added to.
        """
        before = self.file.read_bytes().decode("utf-8") if self.file.is_file() else ""
        end = "\r\n" if "\r\n" in before else "\n"
        gap = "" if not before else end if before.endswith("\n") else 2 * end
        after = before + gap + self.text.replace("\n", end)
        try:
            kept, now = tomllib.loads(before), tomllib.loads(after)
        except tomllib.TOMLDecodeError as error:
            message = f"can't be added to: {error}"
            raise ConfigError([Problem(FILE, message, str(self.file))]) from error
        now["tool"].pop("leyden")
        if now != kept | {"tool": kept.get("tool", {})}:
            raise ConfigError([Problem(FILE, f"can't take a table [{TABLE}]", str(self.file))])
        write_atomically(self.file, after)


def adoption_of(folder: Path) -> Adoption:
    """What is to be written for the project in a folder.

    Raises:
        ConfigError: It has no primary config, or a project file that says it already.
    """
    file = folder / FILE
    _require_no_table(file)
    conf = next((folder / name for name in FOLDERS if _primary(folder / name)), None)
    if conf is None:
        message = f"has no {' or '.join(FOLDERS)} with a {' or '.join(PRIMARY)}.yaml"
        raise ConfigError([Problem("FOLDER", message, str(folder))])
    table: dict[str, str | list[str]] = {}
    own = modules_in(folder)
    used = {target.partition(".")[0] for target in _targets(conf)}
    packages = sorted(used & set(own))
    if packages:
        table["packages"] = packages
    table["conf"] = conf.name
    outputs = _log_folder(conf)
    if outputs is not None:
        table["outputs"] = outputs
    modules, programs = _registering(folder, own)
    if modules:
        table["import"] = modules
    groups = {
        path.name: len([*path.rglob("*.yaml")]) for path in sorted(conf.iterdir()) if path.is_dir()
    }
    understood = [
        f"primary config: {conf.name}/{_primary(conf)}.yaml",
        "groups: " + ", ".join(f"{name} ({count})" for name, count in groups.items() if count),
        f"packages that configs may name: {', '.join(packages) or 'none'}",
        f"runs go to {outputs or 'outputs'}/<name>/",
    ]
    return Adoption(file, table, tuple(understood), tuple(programs))


def _require_no_table(file: Path) -> None:
    if not file.is_file():
        return
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([Problem(FILE, f"can't be read: {error}", str(file))]) from error
    if "leyden" in tool:
        message = f"has a table [{TABLE}] already; edit it, or take it out first"
        raise ConfigError([Problem(FILE, message, str(file))])


def _primary(conf: Path) -> str | None:
    return next((name for name in PRIMARY if (conf / f"{name}.yaml").is_file()), None)


def _targets(conf: Path) -> Iterator[str]:
    """What the files of a folder name by `_target_`."""
    for path in sorted(conf.rglob("*.yaml")):
        try:
            yield from _targets_in(read_yaml(path))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # whoever chooses it is told


def _targets_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("_target_"), str):
            yield current_target(node["_target_"])
        for inner in node.values():
            yield from _targets_in(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _targets_in(inner)


def _log_folder(conf: Path) -> str | None:
    """The folder of the runs, as the group `paths` says it."""
    path = conf / "paths" / "default.yaml"
    node = read_yaml(path) if path.is_file() else {}
    found = LOG_DIR.fullmatch(str(node.get("log_dir", ""))) if isinstance(node, dict) else None
    return found[1] if found else None


def _registering(folder: Path, own: list[str]) -> tuple[list[str], list[str]]:
    """Modules that register resolvers or configs, and programs that do."""
    modules, programs = [], []
    for path, place in _python_files(folder, own).items():
        text = path.read_text(encoding="utf-8", errors="replace")
        if not REGISTERS.search(text):
            continue
        if "hydra.main(" in text:
            programs.append(str(path.relative_to(folder)))
        else:
            parts = path.relative_to(place).with_suffix("").parts
            modules.append(".".join(part for part in parts if part != "__init__"))
    return modules, programs


def _python_files(folder: Path, own: list[str]) -> dict[Path, Path]:
    """The files of a project's modules, each with the folder that it is imported from."""
    found: dict[Path, Path] = {}
    for place in (folder, folder / "src"):
        for name in own:
            for path in (place / f"{name}.py", *sorted((place / name).rglob("*.py"))):
                if path.is_file() and not LEFT_OUT & {*path.relative_to(folder).parts}:
                    found.setdefault(path, place)
    return found


def _toml(value: str | list[str]) -> str:
    """A text or a list of texts; their characters are those of names and paths."""
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
