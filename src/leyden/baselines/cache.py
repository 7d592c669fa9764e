"""Baselines that were computed before: they depend on the data alone."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from leyden.baselines.baseline import Baseline
from leyden.files.atomic import write_atomically
from leyden.files.json_file import mismatch, read_json
from leyden.run.content import BaselineContent

FOLDER = ".baselines"
"""Folder beside the runs; it can be removed at any time."""

VERSION = 1
"""Counts up when baselines get other numbers."""


def data_key(node: Mapping[str, Any], fingerprint: Mapping[str, str | None]) -> str | None:
    """What the baselines of a data set are known by; None where its content has no digest.

    Args:
        node: The data set's keys in the config, but those of the order, the batches and the
            augmentation.
        fingerprint: See `DataModule.fingerprint`.
    """
    if fingerprint.get("content") is None:
        return None
    # scikit-learn itself takes a second to import, and is needed only where nothing was kept
    versions = [VERSION, version("scikit-learn")]
    source = json.dumps([*versions, node, fingerprint], sort_keys=True, default=str)
    return hashlib.sha256(source.encode()).hexdigest()[:32]


def read_baselines(outputs: Path, key: str) -> list[Baseline] | None:
    """Baselines of a data set, where they were kept."""
    try:
        found = read_json(outputs / FOLDER / f"{key}.json")
    except (OSError, ValueError):
        return None
    if mismatch(found, list[BaselineContent]) is not None:
        return None
    try:
        return [Baseline(**one) for one in found]
    except TypeError:  # of another version
        return None


def keep_baselines(outputs: Path, key: str, found: list[Baseline]) -> None:
    """Keeps baselines; where the folder of all runs can't be written, they are not kept."""
    folder = outputs / FOLDER
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        write_atomically(folder / f"{key}.json", json.dumps([one.as_plain() for one in found]))
