"""GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners").

What later models changed are options, all off: left alone, the model is exactly GPT-2.

Shapes: B batch, T time, C width (n_embd), H heads, D head size, V vocabulary.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from leyden.models.attention import (
    Attention,
    AttentionContext,
    KeyValueCache,
    LayerCache,
    Rotary,
    attention_context,
)
from leyden.models.layers import ActivationName, activation_layer
from leyden.models.ngram import NgramEmbedding
from leyden.types import Count, PositiveFloat, PositiveInt, Probability

NormName = Literal["layer", "rms"]


def norm_layer(name: NormName, width: int) -> nn.Module:
    """Layer norm (Ba et al. 2016), or without mean and shift, RMS norm (Zhang, Sennrich 2019)."""
    return nn.LayerNorm(width) if name == "layer" else nn.RMSNorm(width, eps=1e-5)


class Feedforward(nn.Module):
    """The MLP of a block: four times the width, or with `swiglu` a gated 8/3 of it.

    The gated form (Shazeer 2020, "GLU Variants Improve Transformer") has a third matrix, and so as
    many parameters.
    """

    def __init__(self, *, width: int, activation: ActivationName | Literal["swiglu"]) -> None:
        super().__init__()
        self.is_gated = activation == "swiglu"
        hidden = round(8 * width / 3) if self.is_gated else 4 * width
        self.fc = nn.Linear(width, 2 * hidden if self.is_gated else hidden)
        self.activation = activation_layer("silu" if activation == "swiglu" else activation)
        self.proj = nn.Linear(hidden, width)

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        hidden = self.fc(x)
        if self.is_gated:
            gate, hidden = hidden.chunk(2, dim=-1)
            return self.proj(self.activation(gate) * hidden)  # type: ignore[no-any-return]
        return self.proj(self.activation(hidden))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Pre-norm residual block: attention, then the feedforward part."""

    def __init__(
        self, *, width: int, norm: NormName, attention: Attention, mlp: Feedforward, dropout: float
    ) -> None:
        super().__init__()
        self.attention_norm = norm_layer(norm, width)
        self.attention = attention
        self.mlp_norm = norm_layer(norm, width)
        self.mlp = mlp
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        attention_context: AttentionContext | None = None,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T C"]:
        x = x + self.dropout(self.attention(self.attention_norm(x), attention_context, cache))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))  # type: ignore[no-any-return]


class GPT(nn.Module):
    """GPT-2: learned positions, pre-norm blocks, a head tied to the token embedding.

    Args:
        vocab_size: Number of tokens; GPT-2's is 50,257.
        context: Longest sequence, in tokens; GPT-2's is 1,024.
        width: n_embd. Heads follow from it: width // head_dim, at least one.
        depth: n_layer.
        head_dim: Size of a head; 64 in every GPT-2, so that heads are added as width grows.
        activation: In the blocks' MLPs; GPT-2 has the tanh form of GELU. `swiglu` is a gated MLP of
            as many parameters.
        dropout: After the embedding, in attention, and at the end of each residual branch.
        init_std: Standard deviation of the initial weights.
        norm: Layer norm, or RMS norm.
        positions: Learned and added to the tokens, or `rotary`: queries and keys are turned.
        qk_norm: Normalise each query and key, against attention that grows out of bounds.
        tied_head: The head's weights are the token embedding's.
        zero_init: Each residual branch's last weight, and an untied head, start at 0, so that the
            network starts as the identity (Goyal et al. 2017, section 5.1, for ResNets).
        ngram: Length of the longest n-gram that has vectors of its own, added to its last token's
            (see NgramEmbedding); 1: none.
        ngram_rows: Vectors of each length from 2 to `ngram`.
        separator: The token that begins a document. Tokens then see those of their own document
            only, and positions begin anew with it, so that what else is in a window changes
            nothing. None: a window is one text, as GPT-2 was trained.
        recompute: `block`: a block's inner values are not kept for the backward pass, but computed
            a second time in it: memory for a third more time (Chen et al. 2016, "Training Deep
            Nets with Sublinear Memory Cost").

    Raises:
        ValueError: `width` can't be split into its heads, or a head into pairs to be turned.
    """

    kinds: ClassVar[frozenset[str]] = frozenset({"text"})
    text_tasks: ClassVar[frozenset[str]] = frozenset({"language_modeling"})

    @staticmethod
    def stacking_limits(arguments: Mapping[str, Any]) -> dict[str, str]:
        """Why such networks can't be trained as one stacked network, by key of the config."""
        limits = {}
        if arguments.get("dropout", 0.0) > 0:
            limits["model.dropout"] = "that of attention"
        if arguments.get("recompute", "none") != "none":
            limits["model.recompute"] = str(arguments["recompute"])
        return limits

    def __init__(
        self,
        *,
        vocab_size: PositiveInt,
        context: PositiveInt,
        width: PositiveInt = 768,
        depth: PositiveInt = 12,
        head_dim: PositiveInt = 64,
        activation: ActivationName | Literal["swiglu"] = "gelu_tanh",
        dropout: Probability = 0.0,
        init_std: PositiveFloat = 0.02,
        norm: NormName = "layer",
        positions: Literal["learned", "rotary"] = "learned",
        qk_norm: bool = False,
        tied_head: bool = True,
        zero_init: bool = False,
        ngram: PositiveInt = 1,
        ngram_rows: PositiveInt = 4096,
        separator: Count | None = None,
        recompute: Literal["none", "block"] = "none",
    ) -> None:
        super().__init__()
        num_heads = heads_of(width, head_dim)
        is_rotary = positions == "rotary"
        rotary = Rotary(width // num_heads, context) if is_rotary else None
        self.num_heads = num_heads
        self.context = context
        self.separator = separator
        self.recompute = recompute
        self.token_embedding = nn.Embedding(vocab_size, width)
        self.position_embedding = None if is_rotary else nn.Embedding(context, width)
        self.ngram_embedding = (
            NgramEmbedding(vocab_size=vocab_size, longest=ngram, num_rows=ngram_rows, width=width)
            if ngram > 1
            else None
        )
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(
            Block(
                width=width,
                norm=norm,
                attention=Attention(
                    width=width,
                    num_heads=num_heads,
                    dropout=dropout,
                    rotary=rotary,
                    qk_norm=qk_norm,
                ),
                mlp=Feedforward(width=width, activation=activation),
                dropout=dropout,
            )
            for _ in range(depth)
        )
        self.norm = norm_layer(norm, width)
        self.head = nn.Linear(width, vocab_size, bias=False)
        if tied_head:
            self.head.weight = self.token_embedding.weight
        self.init_weights(init_std, depth, zero_init=zero_init)

    def init_weights(self, std: float, depth: int, *, zero_init: bool) -> None:
        """Initial weights as the paper describes them, and as Hugging Face's GPT-2 has them.

        | parameter                            | value                       | with `zero_init` |
        |--------------------------------------|-----------------------------|------------------|
        | embeddings, linear weights           | N(0, std)                   | the same         |
        | each residual branch's last weight   | N(0, std / sqrt(2 * depth)) | 0                |
        | an untied head                       | N(0, std)                   | 0                |
        | linear biases, norm shifts           | 0                           | the same         |
        | norm gains                           | 1                           | the same         |

        Source: Radford et al. 2019, section 2.3, for the residual branches; Hugging Face's
        `GPT2PreTrainedModel._init_weights`. OpenAI's released code (gpt-2/src/model.py) begins
        otherwise: learned positions with a deviation of 0.01, residual branches without the root.
        """
        untied = self.head.weight is not self.token_embedding.weight
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                last = name.endswith("proj")
                nn.init.normal_(module.weight, std=std / sqrt(2 * depth) if last else std)
                if zero_init and (last or (untied and module is self.head)):
                    nn.init.zeros_(module.weight)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    def forward(
        self, tokens: Int[Tensor, "B T"], cache: KeyValueCache | None = None
    ) -> Float[Tensor, "B T V"]:
        """The logits of what follows each token.

        Args:
            tokens: A window, or what comes after the tokens in the cache.
            cache: Cache from `new_cache`; the caller advances it.
        """
        return self.head(self.features(tokens, cache))  # type: ignore[no-any-return]

    def features(
        self, tokens: Int[Tensor, "B T"], cache: KeyValueCache | None = None
    ) -> Float[Tensor, "B T C"]:
        """What the head reads: the blocks' output after the last norm."""
        length = tokens.shape[1] + (0 if cache is None else cache.num_used)
        if length > self.context:
            raise ValueError(f"{length} tokens are more than context={self.context}")
        is_plain = self.separator is None and cache is None
        seen = (
            None if is_plain else attention_context(tokens, separator=self.separator, cache=cache)
        )
        x = self.token_embedding(tokens)
        if self.position_embedding is not None:
            plain = torch.arange(length, device=tokens.device)
            x = x + self.position_embedding(plain if seen is None else seen.positions)
        if self.ngram_embedding is not None:
            if cache is not None:
                cache.keep_tokens(tokens)
            x = x + self.ngram_embedding(tokens, None if seen is None else seen.positions, cache)
        x = self.dropout(x)
        recomputes = self.recompute == "block" and self.training and torch.is_grad_enabled()
        for number, block in enumerate(self.blocks):
            if recomputes:
                x = checkpoint(block, x, seen, use_reentrant=False)
            elif cache is None:
                x = block(x, seen)
            else:
                x = block(x, seen, cache.layer(number, tokens.shape[1]))
        return self.norm(x)  # type: ignore[no-any-return]

    def new_cache(self, batch_size: int) -> KeyValueCache:
        """An empty cache for so many rows of `context` tokens."""
        weights = self.token_embedding.weight
        return KeyValueCache(
            depth=len(self.blocks),
            batch_size=batch_size,
            num_heads=self.num_heads,
            context=self.context,
            head_dim=weights.shape[1] // self.num_heads,
            device=weights.device,
            dtype=weights.dtype,
        )


def heads_of(width: int, head_dim: int) -> int:
    """Number of heads.

    Raises:
        ValueError: `width` does not divide by it.
    """
    num_heads = max(1, width // head_dim)
    if width % num_heads:
        below = width - width % num_heads
        raise ValueError(
            f"width={width} can't be split into its {num_heads} heads (head_dim={head_dim});"
            f" the nearest that can: {below}, {below + num_heads}"
        )
    return num_heads
