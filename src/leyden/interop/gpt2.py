"""GPT-2 in Hugging Face's form: its weights' names, its config.json, and what differs from ours."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from leyden.config.huggingface import is_here, path_of
from leyden.errors import ConfigError, Problem
from leyden.models import GPT
from leyden.models.hf_folder import (
    CONFIG,
    TOKENIZER,
    UnreadableFolder,
    locate,
    read_config,
    read_tensors,
    weight_files,
)

OURS_TO_THEIRS = {
    "token_embedding": "transformer.wte",
    "position_embedding": "transformer.wpe",
    "attention_norm": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.proj": "attn.c_proj",
    "mlp_norm": "ln_2",
    "mlp.fc": "mlp.c_fc",
    "mlp.proj": "mlp.c_proj",
    "norm": "transformer.ln_f",
}
"""Modules; those of a block without the block's own name. The head is the token embedding."""
THEIRS_TO_OURS = {theirs: ours for ours, theirs in OURS_TO_THEIRS.items()}

TRANSPOSED = re.compile(r"\.(c_attn|c_proj|c_fc)\.weight$")
"""Their `Conv1D` keeps weights as (inputs, outputs), `nn.Linear` as (outputs, inputs)."""
LEFT_OUT = re.compile(r"\.attn\.(bias|masked_bias)$|^lm_head\.weight$")
"""Masks that old files hold among the weights, and the head."""


def to_gpt2(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Our state dict with their names; without the head, which is the token embedding."""
    theirs = {}
    for name, tensor in weights.items():
        if name == "head.weight":
            continue
        block, module, kind = _parts(name, r"blocks\.(\d+)\.")
        prefix = f"transformer.h.{block}." if block else ""
        named = f"{prefix}{OURS_TO_THEIRS[module]}.{kind}"
        theirs[named] = tensor.T if TRANSPOSED.search(named) else tensor
    return theirs


def from_gpt2(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Their state dict with our names.

    Args:
        weights: With the prefix `transformer.` or, as in the released files, without.

    Raises:
        KeyError: A name is not of a GPT-2.
    """
    ours = {}
    for name, tensor in weights.items():
        if LEFT_OUT.search(name):
            continue
        block, module, kind = _parts(name.removeprefix("transformer."), r"h\.(\d+)\.")
        module = module if block else f"transformer.{module}"
        prefix = f"blocks.{block}." if block else ""
        turned = tensor.T if TRANSPOSED.search(name) else tensor
        ours[f"{prefix}{THEIRS_TO_OURS[module]}.{kind}"] = turned
    ours["head.weight"] = ours["token_embedding.weight"]
    return ours


def _parts(name: str, block: str) -> tuple[str | None, str, str]:
    """A parameter's block, module, and kind: weight or bias."""
    found = re.match(block, name)
    module, _, kind = name[found.end() if found else 0 :].rpartition(".")
    return found and found[1], module, kind


TANH_GELU = ("gelu_new", "gelu_pytorch_tanh")
FIXED: dict[str, tuple[object, ...]] = {
    "model_type": ("gpt2",),
    "activation_function": TANH_GELU,
    "layer_norm_epsilon": (1e-5,),
    "tie_word_embeddings": (True,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
}
"""Keys with the values that our GPT computes; the first is the default of a key left out."""


class NotGPT2(ValueError):
    """A config.json that is not of a GPT-2 as released; the message says in what."""


def arguments_of(config: dict[str, Any]) -> dict[str, Any]:
    """The GPT's arguments that give the model of a config.json.

    Raises:
        NotGPT2: It is of another model, or of a variant that our GPT can't compute.
    """
    for key, values in FIXED.items():
        given = config.get(key, None if key == "model_type" else values[0])
        if given not in values:
            raise NotGPT2(f"its {key} is {given!r}, and GPT-2's is {values[0]!r}")
    width, num_heads = _size(config, "n_embd"), _size(config, "n_head")
    if width % num_heads:
        raise NotGPT2(f"its n_embd={width} does not divide by n_head={num_heads}")
    if config.get("n_inner") not in (None, 4 * width):
        raise NotGPT2(f"its n_inner is {config['n_inner']}, and GPT-2's is 4 * n_embd")
    return {
        "vocab_size": _size(config, "vocab_size"),
        "context": _size(config, "n_positions" if "n_positions" in config else "n_ctx"),
        "width": width,
        "depth": _size(config, "n_layer"),
        "head_dim": width // num_heads,
    }


def _size(config: dict[str, Any], key: str) -> int:
    size = config.get(key)
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise NotGPT2(f"its {key} is {size!r}; it should be a whole number from 1 on")
    return size


def config_of(net: GPT, *, end_of_text: int | None) -> dict[str, Any]:
    """The config.json of a GPT that is a GPT-2.

    Args:
        net: GPT that is a GPT-2, see `unlike_gpt2`.
        end_of_text: The token at which a text ends, and before which it begins.
    """
    sizes = sizes_of(net)
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": sizes["vocab_size"],
        "n_positions": sizes["context"],
        "n_embd": sizes["width"],
        "n_layer": sizes["depth"],
        "n_head": net.num_heads,
        "n_inner": None,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5,
        "tie_word_embeddings": True,
        "embd_pdrop": net.dropout.p,
        "attn_pdrop": net.dropout.p,
        "resid_pdrop": net.dropout.p,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_text,
        "dtype": "float32",
    }


def sizes_of(net: GPT) -> dict[str, int]:
    """A GPT's arguments, as `arguments_of` gives them."""
    vocab_size, width = net.token_embedding.weight.shape
    return {
        "vocab_size": vocab_size,
        "context": net.context,
        "width": width,
        "depth": len(net.blocks),
        "head_dim": width // net.num_heads,
    }


def unlike_gpt2(net: nn.Module) -> list[str]:
    """The overrides that would make a network a GPT-2, whatever its size; none: it is one."""
    if not isinstance(net, GPT):
        return ["model=gpt"]
    mlp: Any = net.blocks[0].mlp
    attention: Any = net.blocks[0].attention
    is_tanh_gelu = isinstance(mlp.activation, nn.GELU) and mlp.activation.approximate == "tanh"
    unlike = {
        "model.activation=gelu_tanh": not is_tanh_gelu,
        "model.norm=layer": not isinstance(net.norm, nn.LayerNorm),
        "model.positions=learned": net.position_embedding is None,
        "model.qk_norm=false": attention.qk_norm,
        "model.ngram=1": net.ngram_embedding is not None,
        "model.tied_head=true": net.head.weight is not net.token_embedding.weight,
    }
    return [override for override, differs in unlike.items() if differs]


def changes_to(net: nn.Module, config: dict[str, Any]) -> list[str]:
    """The overrides that would make a network the one of a config.json; none: it is.

    Raises:
        NotGPT2: No network of ours is.
    """
    wanted, changes = arguments_of(config), unlike_gpt2(net)
    ours = sizes_of(net) if isinstance(net, GPT) else {}
    changes += [f"model.{key}={size}" for key, size in wanted.items() if ours.get(key) != size]
    if ours and ours["context"] > wanted["context"]:
        changes.append(f"data.context={wanted['context']}")
    return changes


def require_matching_gpt2(key: str, source: str, net: nn.Module) -> None:
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
