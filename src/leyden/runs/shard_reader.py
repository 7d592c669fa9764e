"""Reads sharded checkpoints without running what they say.

torch reads the list of a checkpoint's parts (`.metadata`) by pickle, and what is no tensor by
`torch.load(weights_only=False)`; both run code that a stranger may have put there. Here the list
may name nothing but what such a list consists of, and the rest are tensors and plain values.
"""

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint._traverse import set_element
from torch.distributed.checkpoint.default_planner import (
    DefaultLoadPlanner,
    _EmptyStateDictLoadPlanner,
)
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta
from torch.distributed.checkpoint.planner import ReadItem

from leyden.runs.files import regular

METADATA = ".metadata"

NAMED = {
    "torch.distributed.checkpoint.metadata": {
        "BytesStorageMetadata",
        "ChunkStorageMetadata",
        "Metadata",
        "MetadataIndex",
        "StorageMeta",
        "TensorProperties",
        "TensorStorageMetadata",
        "_MEM_FORMAT_ENCODING",
    },
    "torch.distributed.checkpoint.filesystem": {"_StorageInfo"},
    "torch.serialization": {"_get_layout"},
    "torch": {"Size"} | {name for name, it in vars(torch).items() if isinstance(it, torch.dtype)},
    "pathlib": {"PosixPath", "WindowsPath"},
}
"""What a list of parts consists of, by module. None of it does anything when it is made."""


class MetadataUnpickler(pickle.Unpickler):
    """Knows the classes of a list of parts and no others."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "pathlib._local":  # so it is called by Python 3.13, and by no other
            module = "pathlib"
        if name not in NAMED.get(module, ()):
            raise pickle.UnpicklingError(f"its {METADATA} names {module}.{name}")
        return super().find_class(module, name)


class ShardReader(FileSystemReader):
    """Reads the parts of a checkpoint that lie in its own folder.

    Args:
        checkpoint: The folder.

    Raises:
        UnpicklingError: Its list of parts is none, or names what has no place there.
    """

    def __init__(self, checkpoint: Path) -> None:
        super().__init__(checkpoint)
        self.metadata = read_metadata(checkpoint)

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        return self.metadata


def read_metadata(checkpoint: Path) -> Metadata:
    """The list of a checkpoint's parts; see `ShardReader`."""
    with open(checkpoint / METADATA, "rb", opener=regular) as file:
        metadata = MetadataUnpickler(file).load()
    if not isinstance(metadata, Metadata) or not isinstance(metadata.storage_data, dict):
        raise pickle.UnpicklingError(f"its {METADATA} is no list of parts")
    for part in metadata.storage_data.values():
        if Path(part.relative_path).name != part.relative_path:
            raise pickle.UnpicklingError(f"its {METADATA} leads out of its folder")
    metadata.storage_meta = metadata.storage_meta or StorageMeta()
    return metadata


class PlainPlanner(DefaultLoadPlanner):
    """Fills what is there; besides tensors it reads plain values alone."""

    def load_bytes(self, read_item: ReadItem, value: BytesIO) -> None:
        name = read_item.dest_index.fqn
        content = torch.load(value, weights_only=True)
        set_element(self.original_state_dict, self.mappings[name], content)


class WholePlanner(PlainPlanner, _EmptyStateDictLoadPlanner):
    """Reads all that is there."""
