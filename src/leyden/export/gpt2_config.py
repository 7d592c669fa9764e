"""The `config.json` of a Hugging Face GPT-2, and what it means for our GPT."""

from typing import Any

from torch import nn

from leyden.models import GPT

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
        net: Of which `unlike_gpt2` says nothing.
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
