"""What the attention of a network reads, computed as the network does."""

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor, nn

from leyden.errors import ConfigError, Problem
from leyden.models.attention import Attention, AttentionContext


@dataclass(frozen=True)
class TextAttention:
    """What the last token of a text reads.

    Attributes:
        weights: Attention weights (layers, heads, tokens); each row sums to 1.
        rollout: Share of each token after all layers; sums to 1.
        logits: What the network says of the next token.
    """

    weights: Tensor
    rollout: Tensor
    logits: Tensor


def attention_of(net: nn.Module, tokens: Tensor) -> TextAttention:
    """The attention weights of the last token in each layer, and their rollout.

    Args:
        net: Network with layers of attention.
        tokens: Tokens of one text (1, time).

    Raises:
        ConfigError: It has none.
    """
    layers = [layer for layer in net.modules() if isinstance(layer, Attention)]
    if not layers:
        message = (
            "needs a network with attention, such as model=gpt; integrated_gradients needs none"
        )
        raise ConfigError([Problem("--method", message, "attention")])
    last, means = list[Tensor](), list[Tensor]()

    def look(layer: nn.Module, arguments: tuple[Tensor, AttentionContext | None]) -> None:
        assert isinstance(layer, Attention)
        weights = weights_of(layer, arguments[0], arguments[1])[0]
        last.append(weights[:, -1])
        means.append(weights.mean(0))

    handles = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        with torch.no_grad():
            logits = net(tokens)[0, -1]
    finally:
        for handle in handles:
            handle.remove()
    return TextAttention(torch.stack(last), rollout(means)[-1], logits)


def weights_of(layer: Attention, x: Tensor, attention_context: AttentionContext | None) -> Tensor:
    """The attention weights (batch, heads, reading token, token that is read) of a layer.

    `scaled_dot_product_attention`, which the layer calls, does not return them.

    Args:
        layer: Layer of attention.
        x: What it is given (batch, time, width).
        attention_context: What each token sees; None: all before it.
    """
    q, k, _ = layer.queries_keys_values(x, attention_context)
    scores = q @ k.transpose(-2, -1) / sqrt(q.shape[-1])
    if attention_context is None:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).tril()
    else:
        seen = attention_context.mask
    return scores.masked_fill(~seen, -torch.inf).softmax(-1)


def rollout(weights: list[Tensor]) -> Tensor:
    """Attention through all layers: the product of (A + I) / 2, where I is the residual branch.

    Source: Abnar and Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3.

    Args:
        weights: Of each layer, from the first on, the mean over its heads (time, time).
    """
    identity = torch.eye(len(weights[0]), dtype=weights[0].dtype, device=weights[0].device)
    through = identity
    for layer in weights:
        through = (layer + identity) / 2 @ through
    return through
