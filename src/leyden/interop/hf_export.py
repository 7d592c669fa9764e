"""A GPT as a folder that `transformers` loads. Needs the package safetensors alone."""

import json
from pathlib import Path
from typing import Any

from torch import nn

from leyden.data.text.vocabulary import Vocabulary
from leyden.errors import ConfigError, Problem
from leyden.files.temporary import remove_left, temporary_folder
from leyden.interop.gpt2 import config_of, to_gpt2, unlike_gpt2
from leyden.models import GPT
from leyden.models.hf_folder import UnreadableFolder, require_hf
from leyden.tokenization.tokenizer import SEPARATOR

PREFIX = ".leyden-export-"
TOKENIZER_CLASS = "PreTrainedTokenizerFast"
"""The one that takes all it is from tokenizer.json."""


def export_hf(net: nn.Module, vocabulary: Vocabulary | None, folder: Path, *, run: Path) -> None:
    """Writes config.json, generation_config.json, model.safetensors and the tokenizer's files.

    The folder is whole if it is there at all. Where documents of one window were kept apart in
    training, a text of one document has the same logits in `transformers`, several have not.

    Args:
        net: A GPT that is a GPT-2.
        vocabulary: Vocabulary of the model; None: it is not known.
        folder: New or empty folder.
        run: Folder of the run, for messages.

    Raises:
        ConfigError: The model has no such form, the folder is taken, or the extra is missing.
    """
    remove_left(folder.parent, PREFIX)
    problems = [_extra(), _model(net, run), folder_problem(folder)]
    found = [problem for problem in problems if problem is not None]
    if found:
        raise ConfigError(found)
    assert isinstance(net, GPT)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder.parent, PREFIX) as temporary:
        staged = temporary / folder.name
        staged.mkdir()
        write_gpt2(net, vocabulary, staged)
        staged.rename(folder)


def write_gpt2(net: GPT, vocabulary: Vocabulary | None, folder: Path) -> None:
    """Writes the files into a folder that is there."""
    from safetensors.torch import save_file

    end_of_text = None if vocabulary is None else vocabulary.separator
    ends = {"bos_token_id": end_of_text, "eos_token_id": end_of_text}
    _write(folder / "config.json", config_of(net, end_of_text=end_of_text))
    _write(folder / "generation_config.json", ends)
    weights = {name: t.float().contiguous() for name, t in to_gpt2(net.state_dict()).items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    if vocabulary is not None:
        vocabulary.save(folder)
        if (folder / "tokenizer.json").is_file():
            mark = None if end_of_text is None else SEPARATOR
            config = {"tokenizer_class": TOKENIZER_CLASS, "eos_token": mark, "bos_token": mark}
            _write(folder / "tokenizer_config.json", config)


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _extra() -> Problem | None:
    try:
        require_hf()
    except UnreadableFolder as error:
        return Problem("--format", str(error), "hf")
    return None


def _model(net: nn.Module, run: Path) -> Problem | None:
    changes = unlike_gpt2(net)
    if not changes:
        return None
    message = f"is no GPT-2, which Hugging Face's form is for; one has {', '.join(changes)}"
    return Problem("RUN", message, str(run))


def folder_problem(folder: Path) -> Problem | None:
    """Why a folder can't be written into; None: it is new or empty."""
    if folder.is_dir() and not any(folder.iterdir()):
        return None
    if folder.exists() or folder.is_symlink():
        return Problem("--output", "is not empty; name a new folder", str(folder))
    return None
