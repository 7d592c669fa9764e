"""The architecture of a model of Hugging Face, as its config.json says it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leyden.config.huggingface import PREFIX, path_of
from leyden.models.hf_folder import UnreadableFolder, locate, read_config, weight_files
from leyden.models.pretrained import DEFAULT

LEFT_OUT = re.compile(
    r"architectures|dtype|id2label|label2id|num_labels|problem_type|torch_dtype"
    r"|transformers_version|_name_or_path|_commit_hash"
    r"|auto_map|trust_remote_code|use_kernels|quantization_config|.*_implementation(_internal)?"
)
"""Keys that say how the weights came about, or what the data and the trainer decide; and those by
which transformers would fetch code, such as a kernel of attention, and execute it."""

OF_CONFIGS = ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")
"""Keys that would be followed once they stand in a config."""


class UnreadableModel(ValueError):
    """The files of a model are not there, or not what they should be.

    Attributes:
        key: Parameter of the model that names them.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def read_architecture(name: str) -> dict[str, Any]:
    """What the config.json of a model says of its architecture; it executes no code.

    Args:
        name: A folder, or else a name on the Hub, which is asked for the one file.

    Raises:
        UnreadableModel: There is none, or it is not that.
    """
    try:
        content = read_config(locate(name, ["config.json"]))
    except UnreadableFolder as error:
        raise UnreadableModel("name", str(error)) from error
    if not isinstance(content.get("model_type"), str):
        message = "its config.json has no `model_type`, as those of transformers have"
        raise UnreadableModel("name", message)
    if content.get("quantization_config"):
        raise UnreadableModel("name", "its weights are quantized; name the model that they are of")
    if odd := _what_configs_would_follow(content):
        message = f"its config.json has `{odd}`, which no model of transformers has"
        raise UnreadableModel("name", message)
    return without_left_out(content)


def without_left_out(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """An architecture without the keys in `LEFT_OUT`, at whatever depth."""
    return {
        key: without_left_out(value) if isinstance(value, Mapping) else value
        for key, value in architecture.items()
        if not LEFT_OUT.fullmatch(key)
    }


def require_weights(name: str, weights: str | None) -> None:
    """Raises `UnreadableModel` where the weights are not on this machine; the Hub is not asked."""
    if weights is None:
        return
    if weights != DEFAULT:
        if not Path(weights).expanduser().is_file():
            message = f"is no file; type {DEFAULT} for the weights of model.name, or null for none"
            raise UnreadableModel("weights", message)
        return
    folder = path_of(name)
    if not folder.is_dir():
        return
    try:
        missing = [file.name for file in weight_files(folder) if not file.is_file()]
    except UnreadableFolder as error:
        raise UnreadableModel(
            "name", f"{error}; model.weights=null begins with random ones"
        ) from error
    if missing:
        raise UnreadableModel("name", f"holds no {missing[0]}, which its index names")


def source_of(name: str) -> str:
    """A folder as an absolute path, or a name on the Hub; without the prefix `hf:`."""
    path = path_of(name)
    return str(path.absolute()) if path.is_dir() else name.removeprefix(PREFIX)


def _what_configs_would_follow(value: Any) -> str | None:
    """A key or text that would name a target or a reference once it stands in a config."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in OF_CONFIGS or "${" in key:
                return str(key)
            if odd := _what_configs_would_follow(inner):
                return odd
        return None
    if isinstance(value, list):
        return next(filter(None, map(_what_configs_would_follow, value)), None)
    is_reference = isinstance(value, str) and ("${" in value or value == "???")
    return str(value) if is_reference else None
