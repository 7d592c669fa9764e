"""Causal attention with rotary positions and a cache of keys and values.

Shapes: B batch, T time, S tokens that may be seen, C width, H heads, D head size.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


class KeyValueCache:
    """Keys and values of every layer, in a slot for each position; the slots are made at once.

    Rows may hold differently many tokens: each is written on from its own length. What was written
    beyond it, for padding, is never seen, and overwritten by the tokens that come there.

    Args:
        depth: Layers.
        batch_size: Rows.
        num_heads: Heads of a layer.
        context: Slots of a row.
        head_dim: Size of a head.
        device: Device of the network.
        dtype: Type of its keys.
    """

    def __init__(
        self,
        *,
        depth: int,
        batch_size: int,
        num_heads: int,
        context: int,
        head_dim: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        shape = (depth, batch_size, context, num_heads, head_dim)
        self.keys = torch.zeros(shape, device=device, dtype=dtype)
        self.values = torch.zeros(shape, device=device, dtype=dtype)
        self.lengths = torch.zeros(batch_size, device=device, dtype=torch.long)
        self.starts = torch.zeros(batch_size, context, device=device, dtype=torch.long)
        """Of each token: the slot where its document begins."""
        self.tokens = torch.zeros_like(self.starts)
        self.num_used = 0
        """Slots of the longest row."""

    def next_slots(self, num_tokens: int) -> Int[Tensor, "batch time"]:
        """Where the next tokens of each row go."""
        return self.lengths[:, None] + torch.arange(num_tokens, device=self.lengths.device)

    def last_starts(self) -> Int[Tensor, "batch 1"]:
        """The slot where each row's last document begins."""
        return self.starts.gather(1, (self.lengths - 1).clamp(min=0)[:, None])

    def keep_starts(self, starts: Int[Tensor, "batch time"]) -> None:
        """Writes where the next tokens' documents begin."""
        self.starts.scatter_(1, self.next_slots(starts.shape[1]), starts)

    def keep_tokens(self, tokens: Int[Tensor, "batch time"]) -> None:
        """Writes the next tokens themselves."""
        self.tokens.scatter_(1, self.next_slots(tokens.shape[1]), tokens)

    def tokens_before(self, distance: int, num_tokens: int) -> Int[Tensor, "batch time"]:
        """What stands so far before each of the next tokens; a row's first, where nothing does."""
        return self.tokens.gather(1, (self.next_slots(num_tokens) - distance).clamp(min=0))

    def layer(self, number: int, num_tokens: int) -> "LayerCache":
        """One layer, to be written on by so many tokens."""
        slots, num_seen = self.next_slots(num_tokens), self.num_used + num_tokens
        return LayerCache(self.keys[number], self.values[number], slots, num_seen)

    def advance(self, counts: Int[Tensor, " batch"]) -> None:
        """Counts what was written: new tokens of each row, without its padding."""
        self.lengths = self.lengths + counts
        self.num_used = int(self.lengths.max())


@dataclass(frozen=True)
class LayerCache:
    """A layer's keys and values.

    Attributes:
        keys: (batch, slots, heads, head size), like `values`.
        slots: Places where the next are written.
        num_seen: First slots that are read.
    """

    keys: Tensor
    values: Tensor
    slots: Int[Tensor, "batch time"]
    num_seen: int

    def append(
        self, keys: Float[Tensor, "B H T D"], values: Float[Tensor, "B H T D"]
    ) -> tuple[Float[Tensor, "B H S D"], Float[Tensor, "B H S D"]]:
        """Writes new ones, and gives all."""
        rows = torch.arange(len(self.slots), device=self.slots.device)[:, None]
        self.keys[rows, self.slots] = keys.transpose(1, 2).to(self.keys.dtype)
        self.values[rows, self.slots] = values.transpose(1, 2).to(self.values.dtype)
        return self._seen(self.keys, keys.dtype), self._seen(self.values, values.dtype)

    def _seen(self, kept: Tensor, dtype: torch.dtype) -> Float[Tensor, "B H S D"]:
        return kept[:, : self.num_seen].transpose(1, 2).to(dtype)  # that of mixed precision


class Rotary(nn.Module):
    """Turns pairs of a vector's coordinates by angles that grow with its position.

    So the product of a query and a key depends on how far they are apart, not on where they are.
    The pairs are coordinate i of the first half and i of the second.

    Args:
        head_dim: Coordinates of a vector.
        context: Positions.

    Raises:
        ValueError: `head_dim` is odd.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_dim: int, context: int) -> None:
        super().__init__()
        if head_dim % 2:
            raise ValueError(f"rotary positions turn pairs: heads of {head_dim} are of odd size")
        frequencies = BASE ** -(torch.arange(0, head_dim, 2) / head_dim)
        angles = torch.outer(torch.arange(context), frequencies)  # context, head_dim / 2
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(
        self, x: Float[Tensor, "B H T D"], positions: Int[Tensor, "B T"] | None = None
    ) -> Float[Tensor, "B H T D"]:
        """Turns vectors by their positions; None: from 0 on."""
        place = slice(x.shape[2]) if positions is None else positions[:, None]
        cos, sin = self.cos[place].to(x.dtype), self.sin[place].to(x.dtype)
        first, second = x.chunk(2, dim=-1)
        return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


@dataclass(frozen=True)
class AttentionContext:
    """Where tokens stand, and what they see.

    Attributes:
        positions: Positions of each token in its document.
        mask: Which tokens (of S) each (of T) sees: itself and the earlier of its document.
    """

    positions: Int[Tensor, "B T"]
    mask: Bool[Tensor, "B 1 T S"]


def attention_context(
    tokens: Int[Tensor, "B T"], *, separator: int | None, cache: KeyValueCache | None
) -> AttentionContext:
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
    return AttentionContext(places - starts, mask[:, None])


class Attention(nn.Module):
    """Causal multi-head self-attention.

    Args:
        width: C.
        num_heads: H.
        dropout: Dropout rate of the attention's weights.
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
        attention_context: AttentionContext | None = None,
        cache: LayerCache | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Attends.

        Args:
            x: The tokens' vectors.
            attention_context: What each token sees; None: all before it. Without a mask the fastest
                kernels can run.
            cache: Where earlier tokens' keys and values are, and these ones' go.
        """
        B, T, C = x.shape
        q, k, v = self.queries_keys_values(x, attention_context)
        if cache is not None:
            k, v = cache.append(k, v)
        y = F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=None if attention_context is None else attention_context.mask,
            is_causal=attention_context is None,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return self.proj(y.transpose(1, 2).reshape(B, T, C))  # type: ignore[no-any-return]

    def queries_keys_values(
        self, x: Float[Tensor, "B T C"], attention_context: AttentionContext | None
    ) -> tuple[Float[Tensor, "B H T D"], Float[Tensor, "B H T D"], Float[Tensor, "B H T D"]]:
        """What the heads compare, normalised and turned, and the values that they read."""
        B, T, _ = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        if self.qk_norm:
            q, k = (F.rms_norm(vectors, vectors.shape[-1:]) for vectors in (q, k))
        if self.rotary is not None:
            positions = None if attention_context is None else attention_context.positions
            q, k = self.rotary(q, positions), self.rotary(k, positions)
        return q, k, v


BASE = 10_000.0
"""Longest wavelength in tokens over 2 pi, as in the paper."""
