"""A folder of a Hugging Face model, or a name on the Hub: where it is, and what is in it.

Only JSON and safetensors are read: nothing in it can run code.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from leyden.config.huggingface import PREFIX, is_here, path_of

CONFIG = ("config.json", "generation_config.json")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt")


class UnreadableFolder(Exception):
    """It can't be had, or is not what it says; the message is for the user."""


def require_hf() -> None:
    """Raises `UnreadableFolder` where a package of the extra `hf` is missing."""
    try:
        import huggingface_hub  # noqa: F401
        import safetensors  # noqa: F401
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `hf`: pip install 'leyden[hf]'"
        raise UnreadableFolder(message) from error


def locate(source: str, files: Sequence[str]) -> Path:
    """The folder that `hf:PATH_OR_NAME` names.

    Args:
        source: A folder, or else a model on the Hub, which is fetched unless it has been before.
        files: Patterns of those that are wanted of a model on the Hub.

    Raises:
        UnreadableFolder: There is none, or it can't be fetched.
    """
    require_hf()
    if is_here(source):
        return path_of(source)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(source.removeprefix(PREFIX), allow_patterns=[*files]))
    except HFValidationError as error:
        message = "is neither a folder nor of the form of a name on the Hub, such as hf:gpt2"
        raise UnreadableFolder(message) from error
    except (OSError, HfHubHTTPError) as error:
        reason = in_a_line(error)
        message = f"is no folder here, and could not be fetched from the Hub: {reason}"
        raise UnreadableFolder(message) from error


def read_config(folder: Path) -> dict[str, Any]:
    """A folder's config.json.

    Raises:
        UnreadableFolder: There is none, or it is no JSON.
    """
    return read_json(folder / "config.json")


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        UnreadableFolder: There is none.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnreadableFolder(f"holds no {file.name}") from error
    except (OSError, ValueError) as error:
        raise UnreadableFolder(f"its {file.name} can't be read: {in_a_line(error)}") from error
    if not isinstance(content, dict):
        raise UnreadableFolder(f"its {file.name} is no JSON object")
    return content


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """The weights by their names there, of one file or of several with an index.

    Raises:
        UnreadableFolder: There are none, or they can't be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    tensors: dict[str, Tensor] = {}
    for file in weight_files(folder):
        try:
            tensors |= load_file(file)
        except (OSError, SafetensorError) as error:
            raise UnreadableFolder(f"its {file.name} can't be read: {in_a_line(error)}") from error
    return tensors


def weight_files(folder: Path) -> list[Path]:
    """Where the weights are.

    Raises:
        UnreadableFolder: Nowhere, or in another form than safetensors.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = read_json(index).get("weight_map")
        if not isinstance(shards, dict):
            raise UnreadableFolder(f"its {index.name} has no weight_map")
        names = sorted(set(map(str, shards.values())))
        if any(Path(name).name != name for name in names):
            raise UnreadableFolder(f"its {index.name} names files outside the folder")
        return [folder / name for name in names]
    file = folder / "model.safetensors"
    if not file.is_file():
        raise UnreadableFolder("holds no model.safetensors; weights of other forms are not read")
    return [file]


def in_a_line(error: Exception) -> str:
    """An error's first line, or its kind where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
