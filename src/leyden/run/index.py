"""Completed runs by the digest of their config, so that no job is computed twice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leyden.errors import ConfigError
from leyden.files.regular import read_text
from leyden.run.changes import code_digests, data_differences, read_code
from leyden.run.foreign_links import find_named, foreign
from leyden.run.provenance import versions
from leyden.run.record import NAME, Record

DIGEST = re.compile(r'"config_digest": "([0-9a-f]{64})"')
COMPLETED = '"status": "completed"'


@dataclass(frozen=True)
class RunIndex:
    """The completed runs below a folder.

    Attributes:
        folders: Their folders, by digest of the config.
    """

    folders: Mapping[str, list[Path]] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> "RunIndex":
        """Looks through a folder; records are not read whole yet, since there may be thousands."""
        found: dict[str, list[Path]] = {}
        for path in find_named(root, NAME):
            try:
                text = read_text(path)
            except (OSError, UnicodeDecodeError):
                continue
            digest = DIGEST.search(text)
            if digest is not None and COMPLETED in text:
                found.setdefault(digest[1], []).append(path.parent)
        return cls({digest: sorted(folders) for digest, folders in found.items()})

    def find(
        self,
        digest: str,
        *,
        data: Mapping[str, str | None] | None,
        device: str,
        weights: str | None = None,
    ) -> Record | None:
        """A run that has computed a job already: same config, data, code, packages and device.

        Args:
            digest: Digest of the job's config.
            data: Fingerprint of its data; of data without one nothing is known.
            device: Kind of the device that the job would run on, see `device_kind`.
            weights: Digest of its initial weights; None: they are random.
        """
        for folder in self.folders.get(digest, []):
            try:
                record = Record.read(folder)
            except ConfigError:
                continue
            known = (record.initial_weights or {}).get("sha256")
            if known == weights and is_same(record, data=data, device=device) and is_whole(record):
                return record
        return None


def is_same(record: Record, *, data: Mapping[str, str | None] | None, device: str) -> bool:
    """Whether a run would come out the same again, as far as is known."""
    if record.status != "completed" or not data or data.get("content") is None:
        return False
    known = record.data or {}
    if known.get("content") != data["content"] or data_differences(known, data):
        return False
    is_changed = any(one.get("changes") for one in record.resumed)
    try:
        code = read_code(record.folder)
    except ConfigError:
        return False
    has_same_code = code is not None and code == code_digests()
    has_same_packages = record.versions == versions()
    return (
        has_same_code
        and has_same_packages
        and not is_changed
        and device_kind(record.device or "") == device
    )


def is_whole(record: Record) -> bool:
    """Whether a run has its best checkpoint still, and nothing in its folder leads out of it."""
    checkpoint = record.best.get("checkpoint")
    has_checkpoint = checkpoint is None or (record.folder / checkpoint).exists()
    return has_checkpoint and next(foreign(record.folder), None) is None


def device_kind(name: str) -> str:
    """A device without what does not change its numbers, such as the number of threads."""
    return name.partition(",")[0]
