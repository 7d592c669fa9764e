"""Transformers of Hugging Face that classify texts."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.config.huggingface import WEIGHTS
from leyden.errors import CheckpointError
from leyden.models.hf_architecture import (
    read_architecture,
    require_weights,
    source_of,
    without_left_out,
)
from leyden.models.hf_folder import UnreadableFolder, locate, read_tensors
from leyden.models.pretrained import DEFAULT, Pretrained
from leyden.models.weights_file import read_weights_file
from leyden.types import Count, PositiveInt

MODEL = "model."
"""Beginning of the names of parameters: that of the network of transformers."""


class HFClassifier(nn.Module):
    """A transformer of Hugging Face with a head for the classes of whole texts.

    It is `AutoModelForSequenceClassification` of the package `transformers`, built from what the
    config.json says. No code of the folder or of the Hub is executed, and weights are read from
    safetensors only.

    Args:
        name: Folder with a config.json, as `save_pretrained` writes it, or a name on the Hub.
        num_outputs: Number of classes.
        weights: Weights that a run begins with: `DEFAULT`, those of `name`, a file of them,
            or None: random ones. The constructor does not read them: see `pretrained`.
        architecture: Content of the config.json; None: it is read from `name`. A run keeps it in
            its frozen config.
        vocab_size: Number of tokens of the tokenizer; None: it is not known.
        context: Number of tokens of a text; None: it is not known.
        pad_token: The token that fills up short texts, which no other token sees; None: that of the
            architecture.

    Raises:
        ValueError: The package `transformers` has no such model, or it does not fit the texts.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"text"})
    text_tasks: ClassVar[frozenset[str]] = frozenset({"classification"})

    @staticmethod
    def stacking_limits(arguments: Mapping[str, Any]) -> dict[str, str]:
        """Why such networks can't be trained as one stacked network, by key of the config."""
        return {"model": "models of transformers"}

    @staticmethod
    def frozen_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments that a run keeps in its config, so that it does not depend on the folder."""
        if arguments.get("architecture") is not None:
            return {}
        _transformers()
        architecture = read_architecture(str(arguments["name"]))
        require_weights(str(arguments["name"]), arguments.get("weights", DEFAULT))
        return {"architecture": architecture}

    @staticmethod
    def tokenizer_of(arguments: Mapping[str, Any]) -> str:
        """The tokenizer that the network was made for, as `data.tokenizer` names it."""
        return f"hf:{source_of(str(arguments['name']))}"

    def __init__(
        self,
        *,
        name: str,
        num_outputs: PositiveInt,
        weights: str | None = DEFAULT,
        architecture: dict[str, Any] | None = None,
        vocab_size: PositiveInt | None = None,
        context: PositiveInt | None = None,
        pad_token: Count | None = None,
    ) -> None:
        super().__init__()
        config = _config(architecture or read_architecture(name), num_outputs)
        kind = _class_for(config)
        own = getattr(config, "pad_token_id", None)
        if own is not None and pad_token not in (None, own):
            message = f"its config.json fills texts up with token {own}, the tokenizer with"
            raise ValueError(f"{message} {pad_token}; type another data.pad_token")
        self.pad_token: int | None = pad_token if own is None else own
        config.pad_token_id = self.pad_token
        if hasattr(config, "use_cache"):  # of keys and values, for what writes texts
            config.use_cache = False
        with _quiet():
            self.model: nn.Module = kind(config)
        for module in self.model.modules():  # else whatever reads its attributes is warned of it
            if getattr(module, "loss_type", "") is None:
                module.loss_type = "ForSequenceClassification"
        _require_room(self.model, vocab_size, context)
        self.pretrained: Pretrained | None = None
        if weights is not None:
            new = _made_for_classes(self.model)
            load = partial(_read_weights, kind, config, name=name, weights=weights, new=new)
            source = name if weights == DEFAULT else weights
            fetches = weights == DEFAULT and not Path(name).expanduser().is_dir()
            self.pretrained = Pretrained(load, source, new, fetches=fetches)

    def forward(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch classes"]:
        # A tensor on the meta device has no values, and the mask changes no shape.
        is_plain = self.pad_token is None or tokens.is_meta
        mask = None if is_plain else tokens.ne(self.pad_token or 0).long()
        logits: Tensor = self.model(input_ids=tokens, attention_mask=mask).logits
        return logits


def _config(architecture: Mapping[str, Any], num_outputs: int) -> Any:
    """The config of transformers.

    Raises:
        ValueError: There is no such model, or the package is missing.
    """
    transformers = _transformers()
    given = without_left_out(architecture)  # that of a run may be a stranger's
    kind = str(given.pop("model_type"))
    try:
        config = transformers.AutoConfig.for_model(kind, **given, num_labels=num_outputs)
    except Exception as error:  # validation of the package, of several kinds
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(f"its config.json is none of transformers: {reason}") from error
    return config


def _class_for(config: Any) -> Any:
    """The class that classifies texts with such a config.

    Raises:
        ValueError: There is none.
    """
    known = _transformers().MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    if type(config) not in known:
        message = f"models of the type `{config.model_type}` classify no texts in transformers"
        raise ValueError(message)
    return known[type(config)]


def _require_room(model: Any, vocab_size: int | None, context: int | None) -> None:
    """Raises `ValueError` where the tokens or the length of the texts do not fit a model."""
    own = model.get_input_embeddings().num_embeddings
    if vocab_size is not None and vocab_size > own:
        message = f"the tokenizer has {vocab_size:,} tokens, the model {own:,}"
        raise ValueError(f"{message}; type the data.tokenizer that it was trained with")
    most = _most_positions(model)
    if context is not None and most is not None and context > most:
        raise ValueError(f"reads {most:,} tokens at most; type data.context={most}")


def _most_positions(model: Any) -> int | None:
    """Tokens that a model has places for; None where it does not say it."""
    for name, module in model.named_modules():
        is_table = isinstance(module, nn.Embedding) and name.endswith("position_embeddings")
        if is_table and module.padding_idx is not None:  # RoBERTa counts from the one after it
            return int(module.num_embeddings - module.padding_idx - 1)
    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return most if isinstance(most, int) and most > 0 else None


def _made_for_classes(model: Any) -> tuple[str, ...]:
    """Beginnings of the names of parameters that only a classification has."""
    base, pooler = model.base_model_prefix, f"{model.base_model_prefix}.pooler"
    names = [name for name, _ in model.named_parameters()]
    own = {name.partition(".")[0] for name in names} - {base}
    # A model that was trained to fill in words has no pooler.
    own |= {pooler for name in names if name.startswith(f"{pooler}.")}
    return tuple(sorted(f"{MODEL}{name}" for name in own))


def _read_weights(
    kind: Any, config: Any, *, name: str, weights: str, new: tuple[str, ...]
) -> dict[str, Tensor]:
    """The weights by our names; without those of a head for another number of classes.

    Args:
        kind: Class of the network in transformers, which knows the older names of its weights.
        config: Its config.
        name: Folder or name on the Hub.
        weights: `DEFAULT`, or a file.
        new: Beginnings of the names that the weights may lack.

    Raises:
        CheckpointError: They can't be read, or are another model's.
    """
    tensors = (
        _tensors(name) if weights == DEFAULT else read_weights_file(Path(weights).expanduser())
    )
    try:
        with _quiet(), torch.random.fork_rng(devices=[]):
            found, info = kind.from_pretrained(
                None,
                config=config,
                state_dict=tensors,
                dtype=torch.float32,
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
    except Exception as error:  # the package raises errors of several others
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"its weights can't be read: {reason}") from error
    other = {one[0] if isinstance(one, tuple) else one for one in info["mismatched_keys"]}
    lacking = {*info["missing_keys"], *other}
    if odd := sorted(key for key in lacking if not _is_below(f"{MODEL}{key}", new)):
        how = "has another shape in them" if odd[0] in other else "is not among them"
        raise CheckpointError(f"its weights are those of another model: `{odd[0]}` {how}")
    return {
        f"{MODEL}{key}": tensor for key, tensor in found.state_dict().items() if key not in lacking
    }


def _is_below(name: str, modules: tuple[str, ...]) -> bool:
    """Whether a parameter belongs to one of some modules."""
    return any(name == one or name.startswith(f"{one}.") for one in modules)


def _tensors(name: str) -> dict[str, Tensor]:
    try:
        return read_tensors(locate(name, WEIGHTS))
    except UnreadableFolder as error:
        raise CheckpointError(str(error)) from error


def _transformers() -> Any:
    try:
        import transformers  # of the extra `hf`
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `hf`: pip install 'leyden[hf]'"
        raise ValueError(message) from error
    return transformers


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps bars and remarks of transformers from the terminal."""
    own = _transformers().utils.logging
    level, has_bar = own.get_verbosity(), own.is_progress_bar_enabled()
    own.set_verbosity(logging.ERROR)
    own.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        own.set_verbosity(level)
        if has_bar:
            own.enable_progress_bar()
