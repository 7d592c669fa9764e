"""The keys and values of tokens that were read: each new token then costs one token's work."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


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
        device: Of the network.
        dtype: Of its keys.
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
        slots: Where the next are written.
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
