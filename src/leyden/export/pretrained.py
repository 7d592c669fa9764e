"""GPT-2s of Hugging Face folders as ours."""

from pathlib import Path

from torch import Tensor, nn

from leyden.config.problem import ConfigError, Problem
from leyden.export.gpt2_config import NotGPT2, arguments_of, changes_to
from leyden.export.hf_folder import (
    CONFIG,
    TOKENIZER,
    UnreadableFolder,
    is_here,
    locate,
    path_of,
    read_config,
    read_tensors,
    weight_files,
)
from leyden.models import GPT
from leyden.models.gpt2_names import from_gpt2


def refuse_other_gpt2(key: str, source: str, net: nn.Module) -> None:
    """Raises `ConfigError` unless a network is the GPT-2 of a folder; no weights are read.

    Args:
        key: What named the folder.
        source: `hf:PATH_OR_NAME`.
        net: May be on the meta device.
    """
    try:
        folder = locate(source, CONFIG)
        changes = changes_to(net, read_config(folder))
        if is_here(source):
            weight_files(folder)
    except (UnreadableFolder, NotGPT2) as error:
        raise ConfigError([Problem(key, str(error), source)]) from error
    if changes:
        message = f"is another model than this config's; type `{' '.join(changes)}`"
        if any("vocab_size" in change for change in changes):
            message += f", and its tokenizer: {tokenizer_of(source)}"
        raise ConfigError([Problem(key, message, source)])


def tokenizer_of(source: str) -> str:
    """The override that gives the data a model's tokenizer, as far as that is known."""
    if not is_here(source):
        return "`data.tokenizer=gpt2` for one of OpenAI's"
    if any((path_of(source) / name).is_file() for name in TOKENIZER):
        return f"`data.tokenizer={path_of(source)}`"
    return "the folder holds none"


def gpt2_weights(folder: Path) -> dict[str, Tensor]:
    """The weights of a folder by our names.

    Raises:
        UnreadableFolder: There are none, or they are of another model.
    """
    try:
        return from_gpt2(read_tensors(folder))
    except KeyError as error:
        raise UnreadableFolder(f"its weights are not a GPT-2's: {error} is among them") from error


def read_gpt2(folder: Path) -> GPT:
    """The GPT of a folder.

    Raises:
        UnreadableFolder: It can't be read.
        NotGPT2: It is another model.
    """
    net = GPT(**arguments_of(read_config(folder)))
    try:
        net.load_state_dict(gpt2_weights(folder))
    except RuntimeError as error:
        raise UnreadableFolder("its weights are not of the model in its config.json") from error
    return net
