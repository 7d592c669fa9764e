"""Weights as a file of safetensors."""

from pathlib import Path

import torch
from torch import nn

from leyden.errors import ConfigError, Problem


def require_safetensors() -> None:
    """Raises `ConfigError` where the extra `export` is missing."""
    try:
        import safetensors  # noqa: F401
    except ModuleNotFoundError as error:
        message = "needs safetensors of the extra `export`: pip install 'leyden[export]'"
        raise ConfigError([Problem("--format", message, "safetensors")]) from error


def write_weights(net: nn.Module, file: Path) -> None:
    """Writes each tensor once; names of one that is shared stand in the metadata.

    That is the form that `safetensors.torch.load_model` reads.

    Raises:
        ConfigError: The file, read again, does not hold the weights.
    """
    from safetensors.torch import load_model, save_model

    save_model(net, str(file), metadata={"format": "pt"})
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    load_model(net, file)
    if not all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items()):
        message = "the file does not hold the weights"
        raise ConfigError([Problem("--format", message, "safetensors")])
