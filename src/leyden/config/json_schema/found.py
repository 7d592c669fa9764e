"""What the YAML files of some folders name by `_target_`, by the group that it stands in."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from leyden.config.nodes import NESTED
from leyden.config.plain import read_yaml

PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", re.MULTILINE)
HERE = re.compile(r"/?(.+)@_here_")
OF_NAMES = ("callbacks", "logger", "metrics")
"""Groups that hold nodes by name."""


@dataclass
class Found:
    """What was found.

    Attributes:
        targets: Targets of each group; those of nodes within others at `NESTED`.
        names: Of the groups of nodes by name: the targets of each name.
        options: The target of each option of a group.
        packages: Where the files of a group are put: `_group_`, `_global_`, or a key of the root.
    """

    targets: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    options: dict[str, dict[str, str]] = field(default_factory=dict)
    packages: dict[str, set[str]] = field(default_factory=dict)


def found_in(confs: Iterable[Path], experiments: Iterable[Path]) -> Found:
    """What the files of some folders name.

    Args:
        confs: Folders that are laid out like `conf/`.
        experiments: Folders of experiments.
    """
    found = Found()
    bases: dict[tuple[str, str], str] = {}
    for conf in confs:
        for file, node in _files_of(conf):
            parts = file.relative_to(conf).with_suffix("").parts
            depth = 2 if parts[0] == "hydra" and len(parts) > 2 else 1
            group, option = "/".join(parts[:depth]), "/".join(parts[depth:])
            if not option:  # a primary config
                continue
            package = _package_of(file)
            found.packages.setdefault(group, set()).add(package)
            _add(found, group, node, package)
            if package == "_group_":
                _add_option(found, bases, group, option, node)
    for folder in experiments:
        for _, node in _files_of(folder):
            _add(found, "experiment", node, "_global_")
    for (group, option), base in bases.items():
        if base in found.options.get(group, {}):
            found.options[group].setdefault(option, found.options[group][base])
    return found


def _add_option(
    found: Found, bases: dict[tuple[str, str], str], group: str, option: str, node: dict[Any, Any]
) -> None:
    """Notes the target of an option, or the option whose target it has."""
    if isinstance(node.get("_target_"), str):
        found.options.setdefault(group, {})[option] = node["_target_"]
    for entry in node.get("defaults") or []:
        here = HERE.fullmatch(entry) if isinstance(entry, str) else None
        if here:
            bases[group, option] = here[1].removeprefix(f"{group}/")


def _files_of(folder: Path) -> Iterator[tuple[Path, dict[Any, Any]]]:
    for file in sorted(folder.rglob("*.yaml")):
        try:
            node = read_yaml(file)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # whoever chooses it is told
        if isinstance(node, dict):
            yield file, node


def _package_of(file: Path) -> str:
    found = PACKAGE.search(file.read_text(encoding="utf-8"))
    return found[1] if found else "_group_"


def _add(found: Found, group: str, node: dict[Any, Any], package: str) -> None:
    """Adds the targets of a file."""
    if package == "_global_":
        for key, inner in node.items():
            if isinstance(inner, dict):
                _add(found, str(key), inner, "_group_")
        return
    if group in OF_NAMES:
        for name, inner in node.items():
            for target in _add_node(found, group, inner):
                found.names.setdefault(group, {}).setdefault(str(name), set()).add(target)
        return
    _add_node(found, group, node)


def _add_node(found: Found, group: str, node: Any) -> list[str]:
    """Adds the target of a node, and those within it; gives the first."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for value in inner:
        _add_node(found, NESTED, value)
    target = node.get("_target_") if isinstance(node, dict) else None
    if not isinstance(target, str):
        return []
    found.targets.setdefault(group, set()).add(target)
    return [target]
