"""The fingerprint of a data set: a digest of its content, at little cost."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.batches import BatchedDataset

READER = "2"
"""Version of the readers. It is raised when the same files are read into other numbers."""

MOST_BYTES = 64 * 2**20
"""Total size up to which files are read whole, in a tenth of a second."""

BLOCK_BYTES = 64 * 2**10


def tensors_digest(parts: Sequence[BatchedDataset]) -> str | None:
    """sha256 of the tensors that parts hold in memory; None where one of the parts holds none.

    Only tensors with a row for each sample, or more, count: smaller ones, such as the mean of the
    pixels, are computed from these, and their last bits depend on the number of threads.
    """
    digest = hashlib.sha256()
    is_known = True
    for part in parts:
        held = [one for one in _tensors(part, set()) if one.ndim > 0 and len(one) >= len(part)]
        is_known = is_known and (len(part) == 0 or bool(held))
        for tensor in held:
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(_content(tensor))
    return digest.hexdigest() if is_known else None


def _tensors(value: Any, seen: set[int]) -> Iterator[Tensor | NDArray[Any]]:
    """The tensors and arrays that an object holds, in the order of its attributes.

    What a `cached_property` holds is computed from the others, at some time or other.
    """
    if isinstance(value, Tensor) or (isinstance(value, np.ndarray) and value.dtype.kind in "biuf"):
        yield value
        return
    if id(value) in seen or isinstance(value, str | type | ModuleType):
        return
    seen.add(id(value))
    for one in value if isinstance(value, list | tuple) else _inner(value):
        yield from _tensors(one, seen)


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    held = getattr(value, "__dict__", {})
    computed = {
        name for name in held if isinstance(getattr(type(value), name, None), cached_property)
    }
    return [one for name, one in held.items() if name not in computed]


def _content(tensor: Tensor | NDArray[Any]) -> memoryview:
    if isinstance(tensor, Tensor):  # NumPy has no bfloat16
        tensor = tensor.detach().cpu().contiguous().view(torch.uint8).numpy()
    return np.ascontiguousarray(tensor).data


def files_digest(files: Sequence[Path]) -> str:
    """sha256 of the names, the sizes and the content of files.

    If they are large, of the content only a thousand blocks count, spread evenly over all of it:
    then a file that is longer is seen, one in which a byte differs perhaps not.

    Args:
        files: Files in order. Names count from the folder on that they share, so that it can be
            moved.
    """
    digest = hashlib.sha256()
    sizes = [file.stat().st_size for file in files]
    shared = os.path.commonpath([file.absolute().parent for file in files]) if files else ""
    for file, size in zip(files, sizes, strict=True):
        digest.update(f"{file.absolute().relative_to(shared).as_posix()}\0{size}\0".encode())
    for file, start, length in _blocks(files, sizes):
        with file.open("rb") as opened:
            opened.seek(start)
            digest.update(opened.read(length))
    return digest.hexdigest()


def _blocks(files: Sequence[Path], sizes: list[int]) -> Iterator[tuple[Path, int, int]]:
    """What is read: all, or evenly spread blocks of the files one after the other."""
    if sum(sizes) <= MOST_BYTES:
        yield from ((file, 0, size) for file, size in zip(files, sizes, strict=True))
        return
    ends = np.cumsum(sizes)
    places = np.linspace(0, ends[-1] - 1, MOST_BYTES // BLOCK_BYTES).astype(np.int64)
    for place in places:
        number = int(np.searchsorted(ends, place, side="right"))
        inside = int(place - ends[number]) + sizes[number]
        yield files[number], max(0, min(inside, sizes[number] - BLOCK_BYTES)), BLOCK_BYTES
