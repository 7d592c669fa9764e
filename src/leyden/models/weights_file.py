"""Files of weights that others have written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from leyden.errors import CheckpointError

SAFETENSORS = ".safetensors"
PICKLED = (".ckpt", ".pt", ".pth", ".bin")
WEIGHTS_SUFFIXES = (*PICKLED, SAFETENSORS)

HOLDERS = ("state_dict", "model", "model_state_dict", "state_dict_ema", "module")
"""Keys under which training scripts put weights beside other things; the first that is there."""


def read_weights_file(path: Path) -> dict[str, Tensor]:
    """Weights by name; tensors only, no code is run.

    Args:
        path: A state dict, alone or beside other things, as torch or safetensors saves it.

    Raises:
        CheckpointError: There is no such file, or it holds something else.
    """
    return weights_in(read_content(path), path)


def read_content(path: Path) -> Mapping[Any, Any]:
    """All that a file holds.

    Raises:
        CheckpointError: There is no such file, or it holds more than tensors and plain values.
    """
    content: Any
    try:
        if path.suffix == SAFETENSORS:
            from safetensors.torch import load_file

            content = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError("no such file") from None
    except Exception as error:  # a file that is not trusted can raise anything
        raise CheckpointError(unreadable(path)) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path.name} holds no tensors by their names")
    return content


def unreadable(path: Path) -> str:
    """What is said of a file that is none of weights."""
    return (
        f"can't be read: {path.name} holds more than tensors and plain values, or is broken;"
        " save the weights alone: torch.save(model.state_dict(), FILE)"
    )


def weights_in(content: Mapping[Any, Any], path: Path) -> dict[str, Tensor]:
    """The weights among what a file holds.

    Raises:
        CheckpointError: There are none.
    """
    held = next((key for key in HOLDERS if isinstance(content.get(key), Mapping)), None)
    weights = content if held is None else content[held]
    tensors = {str(name): one for name, one in weights.items() if isinstance(one, Tensor)}
    if not tensors:
        raise CheckpointError(f"{path.name} holds no tensors by their names")
    return tensors
