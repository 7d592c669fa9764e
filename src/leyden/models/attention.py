"""Causal attention, and what a token sees.

Shapes: B batch, T time, S tokens that may be seen, C width, H heads, D head size.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from leyden.models.cache import KeyValueCache, LayerCache
from leyden.models.rotary import Rotary


@dataclass(frozen=True)
class Sight:
    """Where tokens stand, and what they see.

    Attributes:
        positions: Of each token in its document.
        mask: Which tokens (of S) each (of T) sees: itself and the earlier of its document.
    """

    positions: Int[Tensor, "B T"]
    mask: Bool[Tensor, "B 1 T S"]


def sight(
    tokens: Int[Tensor, "B T"], *, separator: int | None, cache: KeyValueCache | None
) -> Sight:
    """What tokens see of each other, and of the earlier ones in a cache.

    Args:
        tokens: The new ones.
        separator: The token that begins a document; None: all is one document.
        cache: Holds the earlier ones, and takes down where the new ones' documents begin.
    """
    length = tokens.shape[1]
    if cache is None:
        places = torch.arange(length, device=tokens.device).expand(tokens.shape)
        num_seen, starts = length, torch.zeros_like(places)
    else:
        places = cache.next_slots(length)
        num_seen, starts = cache.num_used + length, cache.last_starts().expand(tokens.shape)
    if separator is not None:
        starts = torch.where(tokens == separator, places, starts).cummax(dim=1).values
    if cache is not None:
        cache.keep_starts(starts)
    seen = torch.arange(num_seen, device=tokens.device)
    mask = (seen <= places[:, :, None]) & (seen >= starts[:, :, None])
    return Sight(places - starts, mask[:, None])


class Attention(nn.Module):
    """Causal multi-head self-attention.

    Args:
        width: C.
        num_heads: H.
        dropout: Of the attention's weights.
        rotary: Turns queries and keys by their positions.
        qk_norm: RMS norm, without gains, of each query and key (Dehghani et al. 2023, "Scaling
            Vision Transformers to 22 Billion Parameters").
    """

    def __init__(
        self, *, width: int, num_heads: int, dropout: float, rotary: Rotary | None, qk_norm: bool
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.dropout = dropout
        self.rotary = rotary
        self.qk_norm = qk_norm
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(
        self,
        x: Float[Tensor, "B T C"],
        sight: Sight | None = None,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Attends.

        Args:
            x: The tokens' vectors.
            sight: None: each token sees all before it. Without a mask the fastest kernels can run.
            cache: Where earlier tokens' keys and values are, and these ones' go.
        """
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)  # B H T D
        if self.qk_norm:
            q, k = (F.rms_norm(vectors, vectors.shape[-1:]) for vectors in (q, k))
        if self.rotary is not None:
            positions = None if sight is None else sight.positions
            q, k = self.rotary(q, positions), self.rotary(k, positions)
        if cache is not None:
            k, v = cache.append(k, v)
        y = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=None if sight is None else sight.mask,
            is_causal=sight is None,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.proj(y.transpose(1, 2).reshape(B, T, C))  # type: ignore[no-any-return]
