"""Checkpoints that are folders, with a part from each process (torch.distributed.checkpoint)."""

import pickle
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import distributed
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta
from torch.distributed.checkpoint.planner import LoadPlanner, ReadItem

from leyden.compat.torch import EmptyStateDictLoadPlanner, load_state_dict, set_element
from leyden.files.regular import regular

META = "meta.pt"
"""Lightning's file for all that is no tensor of a network or an optimizer."""


def is_sharded(checkpoint: Path) -> bool:
    """Whether a path is such a folder, and whole: `meta.pt` is written last."""
    return (checkpoint / META).is_file()


def read_meta(checkpoint: Path) -> dict[str, Any]:
    """All but the tensors."""
    content = torch.load(checkpoint / META, map_location="cpu", weights_only=True)
    assert isinstance(content, dict)
    return content


def read_into(state: dict[str, Any], checkpoint: Path) -> None:
    """Fills the tensors, split or not, and the plain values of a nested state.

    Each process reads its own part, and all of them have to call this.
    """
    _read(state, checkpoint, PlainPlanner(), alone=not distributed.is_initialized())


def with_state(checkpoint: Path, optimizer: str, names: Iterable[str]) -> set[str]:
    """The parameters of which a checkpoint has an optimizer's state.

    Args:
        checkpoint: The folder.
        optimizer: Name in the checkpoint, such as `optimizer_0`.
        names: Of all parameters.
    """
    parts = read_metadata(checkpoint).state_dict_metadata
    return {
        name for name in names if any(key.startswith(f"{optimizer}.state.{name}.") for key in parts)
    }


def read_whole(checkpoint: Path) -> dict[str, Any]:
    """The checkpoint as one process without splitting would have written it."""
    content: dict[str, Any] = {}
    planner = WholePlanner()  # type: ignore[no-untyped-call]
    _read(content, checkpoint, planner, alone=True)
    optimizers = [content[name] for name in sorted(content) if name.startswith("optimizer_")]
    return {
        **read_meta(checkpoint),
        "state_dict": content["state_dict"],
        "optimizer_states": [with_numbers(state) for state in optimizers],
    }


def _read(state: dict[str, Any], checkpoint: Path, planner: LoadPlanner, *, alone: bool) -> None:
    """Reads by torch's own loader, with our reader and planner.

    Raises:
        UnpicklingError: There is more in it than tensors and plain values, or a part is broken.
    """
    try:
        load_state_dict(state, ShardReader(checkpoint), no_dist=alone, planner=planner)
    except CheckpointException as error:  # no `Exception`
        reasons = {str(failure[0]).partition("\n")[0] for failure in error.failures.values()}
        raise UnpicklingError("; ".join(sorted(reasons))) from error


def with_names(state: dict[str, Any], names: list[list[str]]) -> dict[str, Any]:
    """The reverse of `with_numbers`.

    Args:
        state: State of an optimizer, as torch has it.
        names: Names of the parameters of each of its groups.
    """
    groups = zip(state["param_groups"], names, strict=True)
    named = [{**group, "params": those} for group, those in groups]
    numbers = [number for group in state["param_groups"] for number in group["params"]]
    name = dict(zip(numbers, (n for those in names for n in those), strict=True))
    values = {name[number]: values for number, values in state["state"].items()}
    return {"state": values, "param_groups": named}


def with_numbers(state: dict[str, Any]) -> dict[str, Any]:
    """An optimizer's state by the parameters' numbers, as torch has it, instead of their names."""
    names = [name for group in state["param_groups"] for name in group["params"]]
    number = {name: place for place, name in enumerate(names)}
    return {
        "state": {number[name]: values for name, values in state["state"].items()},
        "param_groups": [
            {**group, "params": [number[name] for name in group["params"]]}
            for group in state["param_groups"]
        ],
    }


METADATA = ".metadata"

ALLOWED_CLASSES = {
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
        if name not in ALLOWED_CLASSES.get(module, ()):
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


class WholePlanner(PlainPlanner, EmptyStateDictLoadPlanner):
    """Reads all that is there."""
