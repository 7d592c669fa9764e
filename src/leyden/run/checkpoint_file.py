"""A checkpoint on the disk: whole, with a marker beside it that says what it has to be.

The marker is written last and removed first.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast, get_type_hints

import torch

from leyden.files.atomic import replacing, sync_folder, write_atomically
from leyden.files.json_file import mismatch, read_json
from leyden.files.regular import regular

SCHEMA = 1

STEP = "leyden_step"
"""Key of a checkpoint: its step, where that is not Lightning's `global_step`."""


@dataclass(frozen=True)
class Marker:
    """What `<checkpoint>.json` says.

    Attributes:
        sha256: SHA-256 of the file; of a folder, of its files' digests and names.
        size: Bytes.
        step: Optimizer steps that were done.
        config_digest: Digest of the run's config.
        score: The monitored metric, greater is better, where that is why it was kept.
        schema: Schema of this file.
    """

    sha256: str
    size: int
    step: int
    config_digest: str
    score: float | None = None
    schema: int = SCHEMA


SHAPE = get_type_hints(Marker)


class DigestingFile:
    """A file that is digested while it is written, so that it need not be read again."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        """Writes bytes; torch wraps an error in one of its own, which does not tell the reason."""
        try:
            self.file.write(data)
        except OSError as error:
            self.error = error
            raise
        self.sha256.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """As files have it."""
        self.file.flush()


def write_file(content: Mapping[str, Any], path: Path) -> tuple[str, int]:
    """Writes a checkpoint of one file, without its marker.

    Returns:
        Its digest and its size.

    Raises:
        OSError: It could not be written. What was at `path` is there still.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        digested = DigestingFile(file)
        try:
            torch.save(content, cast(IO[bytes], digested))
        except RuntimeError:
            if digested.error is not None:
                raise digested.error from None
            raise
        marker_of(path).unlink(missing_ok=True)  # of a checkpoint whose place it takes
    return digested.sha256.hexdigest(), digested.size


def write_marker(path: Path, marker: Marker) -> None:
    """Says that a checkpoint is whole."""
    write_atomically(marker_of(path), json.dumps(asdict(marker), indent=1) + "\n")


def step_of(checkpoint: Mapping[str, Any]) -> int:
    """The step at which a checkpoint was written, as records and loggers count steps."""
    return int(checkpoint.get(STEP, checkpoint["global_step"]))


def read_marker(path: Path) -> Marker | None:
    """A checkpoint's marker, or None where it was never finished."""
    try:
        said = read_json(marker_of(path))
    except (OSError, ValueError):
        return None
    is_one = isinstance(said, dict) and said.keys() <= SHAPE.keys()
    if not is_one or any(mismatch(value, SHAPE[key]) for key, value in said.items()):
        return None
    try:
        return Marker(**said)
    except TypeError:  # a key is missing
        return None


def marker_of(path: Path) -> Path:
    """The marker's own path."""
    return path.with_suffix(".json")


def defect_of(path: Path) -> str | None:
    """Why a checkpoint can't be used, or None if it is what its marker says."""
    marker = read_marker(path)
    if marker is None:
        return "has no marker that can be read"
    if marker.schema > SCHEMA:
        return f"was written by a newer version: its schema is {marker.schema}, not {SCHEMA}"
    try:
        sha256, size = digest_of(path)
    except OSError as error:
        return f"can't be read: {error.strerror}"
    if size != marker.size:
        return f"has {size:,} bytes instead of {marker.size:,}"
    return None if sha256 == marker.sha256 else "is damaged: its sha256 is not its marker's"


def digest_of(path: Path) -> tuple[str, int]:
    """Digest and size of a checkpoint, file or folder."""
    if not path.is_dir():
        return digest_of_file(path)
    return digest_of_folder({p.name: digest_of_file(p) for p in path.iterdir()})


def digest_of_folder(files: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """Digest and size of a folder whose files have these."""
    lines = "".join(f"{sha256} {name}\n" for name, (sha256, _) in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest(), sum(size for _, size in files.values())


def digest_of_file(path: Path) -> tuple[str, int]:
    """Digest and size of a file."""
    with open(path, "rb", opener=regular) as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def remove(path: Path) -> None:
    """Removes a checkpoint of either kind, if it is there; its marker first."""
    marker_of(path).unlink(missing_ok=True)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)
