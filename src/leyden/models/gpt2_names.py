"""GPT-2's weights by the names that Hugging Face's `GPT2LMHeadModel` gives them, and back."""

import re
from collections.abc import Mapping

from torch import Tensor

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
