"""Whether the config or the code has changed since a sweep began."""

import hashlib
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from leyden.config.problem import ConfigError, Problem
from leyden.config.targets import user_packages
from leyden.runs.atomic import write_atomically
from leyden.runs.folder import without_volatile

CODE = "code.json"
MOST_SHOWN = 8
GONE = "not there"


def refuse_drift(changes: list[Problem]) -> None:
    """Raises `ConfigError` with the first of the changes, and what can be done."""
    if changes:
        more = len(changes) - MOST_SHOWN
        rest = [Problem("...", f"and {more} more changes")] if more > 0 else []
        advice = Problem(
            "sweep.on_drift",
            "type `sweep.on_drift=continue` to keep the finished jobs and run the others as things"
            " are now, or `name=...` to begin a sweep of its own",
            "refuse",
        )
        raise ConfigError([*changes[:MOST_SHOWN], *rest, advice])


def config_changes(before: DictConfig, now: DictConfig) -> list[Problem]:
    """Keys in which a job's config differs from the one that it was begun with."""
    old, new = (dict(_leaves(without_volatile(cfg))) for cfg in (before, now))
    return [
        Problem(key, f"was {old.get(key, GONE)} when the sweep began", str(new.get(key, GONE)))
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]


def code_changes(folder: Path) -> list[Problem]:
    """Files of the code that differ from those with which the sweep began."""
    if not (folder / CODE).exists():
        return []
    before = json.loads((folder / CODE).read_text(encoding="utf-8"))
    now = code_digests()
    return [
        Problem(name, "has changed since the sweep began")
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]


def keep_code(folder: Path) -> None:
    """Notes the code with which a sweep begins."""
    write_atomically(folder / CODE, json.dumps(code_digests(), indent=1) + "\n")


def code_digests() -> dict[str, str]:
    """Short sha256 of every Python file of Leyden and of the user's packages."""
    return {
        str(path.relative_to(root.parent)): _digest(path)
        for package in ("leyden", *user_packages())
        for root in _roots(package)
        for path in ([root] if root.is_file() else sorted(root.rglob("*.py")))
    }


def _roots(package: str) -> list[Path]:
    spec = find_spec(package)
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [Path(location) for location in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin else []


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(node, dict) or not node:
        yield prefix, node
        return
    for key, value in node.items():
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
