"""The architecture of a model of Hugging Face, as its config.json says it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leyden.config.huggingface import PREFIX, path_of

OF_FILES = (
    *("architectures", "auto_map", "dtype", "id2label", "label2id", "num_labels", "problem_type"),
    *("torch_dtype", "transformers_version", "_name_or_path", "_attn_implementation"),
)
"""Keys that say how the weights came about, or what is decided by the data and the trainer."""


def read_architecture(name: str) -> dict[str, Any]:
    """What the config.json of a model says of its architecture; it executes no code.

    Args:
        name: A folder, or else a name on the Hub, which is asked for the one file.

    Raises:
        ValueError: There is none, or it is not that; the message is for the user.
    """
    file = _config_of(name)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError("holds no config.json of a model of transformers") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"its config.json can't be read: {_in_a_line(error)}") from error
    if not isinstance(content, dict) or not isinstance(content.get("model_type"), str):
        raise ValueError("its config.json has no `model_type`, as those of transformers have")
    if odd := _what_configs_would_follow(content):
        raise ValueError(f"its config.json has `{odd}`, which no model of transformers has")
    return {key: value for key, value in content.items() if key not in OF_FILES}


def source_of(name: str) -> str:
    """A folder with `~` resolved, or a name on the Hub; with the prefix `hf:` or without."""
    path = path_of(name)
    return str(path) if path.is_dir() else name.removeprefix(PREFIX)


def _config_of(name: str) -> Path:
    source = source_of(name)
    if Path(source).is_dir():
        return Path(source) / "config.json"
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `hf`: pip install 'leyden[hf]'"
        raise ValueError(message) from error
    try:
        return Path(snapshot_download(source, allow_patterns=["config.json"])) / "config.json"
    except HFValidationError as error:
        message = "is neither a folder nor of the form of a name on the Hub, such as bert-base-cased"
        raise ValueError(message) from error
    except Exception as error:  # of several packages that deal with the network
        reason = _in_a_line(error)
        message = f"is no folder here, and could not be fetched from the Hub: {reason}"
        raise ValueError(message) from error


def _what_configs_would_follow(value: Any) -> str | None:
    """A key or text that would name a target or a reference once it stands in a config."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("_target_", "_partial_", "_args_", "_convert_", "_recursive_"):
                return str(key)
            if "${" in key:
                return "${"
            if odd := _what_configs_would_follow(inner):
                return odd
        return None
    if isinstance(value, list):
        return next(filter(None, map(_what_configs_would_follow, value)), None)
    return "${" if isinstance(value, str) and ("${" in value or value == "???") else None


def _in_a_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
