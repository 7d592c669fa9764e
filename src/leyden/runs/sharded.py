"""Checkpoints that are folders, with a part from each process (torch.distributed.checkpoint)."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.checkpoint.state_dict_loader import load

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


def read_into(tensors: dict[str, Tensor], checkpoint: Path) -> None:
    """Fills tensors, split or not, with those of their names; each process reads its own part."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "torch.distributed is disabled")  # one process alone
        load({"state_dict": tensors}, checkpoint_id=checkpoint)


def read_whole(checkpoint: Path) -> dict[str, Any]:
    """The checkpoint as one process without splitting would have written it."""
    with TemporaryDirectory(dir=checkpoint.parent, prefix=".whole-") as folder:
        file = Path(folder) / "tensors.pt"
        dcp_to_torch_save(checkpoint, file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    optimizers = [content[name] for name in sorted(content) if name.startswith("optimizer_")]
    return {
        **read_meta(checkpoint),
        "state_dict": content["state_dict"],
        "optimizer_states": [with_numbers(state) for state in optimizers],
    }


def with_names(state: dict[str, Any], names: list[list[str]]) -> dict[str, Any]:
    """The reverse of `with_numbers`.

    Args:
        state: Of an optimizer, as torch has it.
        names: Of the parameters of each of its groups.
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
