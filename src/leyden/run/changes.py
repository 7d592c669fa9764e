"""What has changed since a run or a sweep began: its config, and the code that runs it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from leyden.config.identity import semantic_config
from leyden.config.targets import let_user_packages_be_imported, user_packages
from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.json_file import read_json

CODE = "code.json"
DIGEST_OF_NOTHING = hashlib.sha256().hexdigest()
"""What earlier versions wrote of data whose content they could not read."""

GONE = "not there"
CONTENT = "content"
"""Key of a fingerprint that not every data set has."""


def config_changes(before: DictConfig, now: DictConfig, *, since: str) -> list[Problem]:
    """Keys in which a job's config differs from the one that it was begun with.

    Args:
        before: The frozen config.
        now: What the job would be now.
        since: What happened when it was frozen, such as `the sweep began`.
    """
    old, new = (dict(leaves(semantic_config(cfg))) for cfg in (before, now))
    return [
        Problem(key, f"was {old.get(key, GONE)} when {since}", str(new.get(key, GONE)))
        for key in changed_keys(old, new)
    ]


def code_changes(folder: Path, *, since: str) -> list[Problem]:
    """Files of the code that differ from those noted in a folder; none where it has no note.

    Args:
        folder: Folder of a run or a sweep.
        since: See `config_changes`.
    """
    before = read_code(folder)
    if before is None:
        return []
    names = changed_keys(before, code_digests())
    return [Problem(name, f"has changed since {since}") for name in names]


def changed_keys(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Keys whose values differ, or that only one of the two has, in order."""
    missing = object()
    keys = sorted(before.keys() | now.keys())
    return [key for key in keys if before.get(key, missing) != now.get(key, missing)]


def known_values(fingerprint: Mapping[str, str | None]) -> dict[str, str]:
    """What a fingerprint of the data says, without what it does not know."""
    found = {
        key: value
        for key, value in fingerprint.items()
        if value is not None and value != DIGEST_OF_NOTHING
    }
    if found.get("files", "0") != "0":
        found.setdefault("reader", "1")  # of versions that did not say it
    return found


def data_differences(before: Mapping[str, str | None], now: Mapping[str, str | None]) -> list[str]:
    """Keys of two fingerprints whose values differ; a content counts where both know it."""
    one, other = known_values(before), known_values(now)
    keys = changed_keys(one, other)
    return [key for key in keys if key != CONTENT or (key in one and key in other)]


def leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a plain config, by their full keys."""
    if not isinstance(node, dict) or not node:
        yield prefix, node
        return
    for key, value in node.items():
        yield from leaves(value, f"{prefix}.{key}" if prefix else str(key))


def save_code(folder: Path) -> None:
    """Notes the code with which a run or a sweep begins."""
    write_atomically(folder / CODE, json.dumps(code_digests(), indent=1) + "\n")


def read_code(folder: Path) -> dict[str, str] | None:
    """The code that was noted; None where it was not.

    Raises:
        ConfigError: The note is damaged.
    """
    path = folder / CODE
    if not path.is_file():
        return None
    try:
        noted = read_json(path)
    except (OSError, ValueError):
        noted = None
    if not isinstance(noted, dict):
        raise ConfigError([Problem(CODE, "is damaged", str(folder))])
    return {str(name): str(digest) for name, digest in noted.items()}


def code_digests() -> dict[str, str]:
    """Short sha256 of every Python file of Leyden and of the user's packages."""
    let_user_packages_be_imported()
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
    status = path.stat()
    return _digest_of(path, status.st_mtime_ns, status.st_size)


@cache  # a sweep asks for each job
def _digest_of(path: Path, modified: int, size: int) -> str:
    """Of a file as it was when it was modified last."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
