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
    try:
        content = _content_of(path)
    except FileNotFoundError:
        raise CheckpointError("no such file") from None
    except ModuleNotFoundError:
        raise
    except Exception as error:  # a file that is not trusted can raise anything
        raise CheckpointError(
            f"can't be read: {path.name} holds more than tensors and plain values, or is broken;"
            " save the weights alone: torch.save(model.state_dict(), FILE)"
        ) from error
    held = next((key for key in HOLDERS if isinstance(content.get(key), Mapping)), None)
    weights = content if held is None else content[held]
    tensors = {str(name): one for name, one in weights.items() if isinstance(one, Tensor)}
    if not tensors:
        raise CheckpointError(f"{path.name} holds no tensors by their names")
    return tensors


def _content_of(path: Path) -> Mapping[Any, Any]:
    content: Any
    if path.suffix == SAFETENSORS:
        from safetensors.torch import load_file

        content = load_file(path)
    else:
        content = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(content, Mapping):
        raise TypeError("not a mapping")
    return content
