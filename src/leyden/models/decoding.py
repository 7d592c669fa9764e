"""Decoding texts: the logits of what follows, with or without keeping what was computed before.

A decoder is given the new tokens of each row, of which the first call may have differently many.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from leyden.models.attention import KeyValueCache

NewTokens = Sequence[Int[Tensor, " _"]]
"""One tensor a row, of any length."""


@runtime_checkable
class Decoder(Protocol):
    """Reads rows on."""

    def read(self, new: NewTokens) -> Float[Tensor, "batch vocab"]:
        """The logits of what follows each row."""


def decoder_of(net: nn.Module, batch_size: int, *, context: int, cached: bool) -> Decoder:
    """The decoder for a network.

    Args:
        net: Causal: maps tokens (batch, time) to logits (batch, time, vocabulary).
        batch_size: Rows.
        context: Tokens that it sees at most, if it has no state.
        cached: Keep what was computed, where the network has a way to.
    """
    has_state = hasattr(net, "forward_with_state")
    if cached and has_state:
        return RecurrentDecoder(net)
    full = FullContextDecoder(net, batch_size, context=None if has_state else context)
    return CachedDecoder(net, full) if cached and isinstance(net, HasCache) else full


@runtime_checkable
class HasCache(Protocol):
    """A network that keeps what it computed of earlier tokens, such as a GPT."""

    context: int

    def new_cache(self, batch_size: int) -> KeyValueCache:
        """A cache for so many rows."""

    def __call__(self, tokens: Tensor, cache: KeyValueCache) -> Tensor:
        """The logits of new tokens, which go into the cache."""


class FullContextDecoder:
    """Reads all that the network can see anew for each token."""

    def __init__(self, net: nn.Module, batch_size: int, *, context: int | None) -> None:
        self.net = net
        self.context = context
        self.rows: list[Int[Tensor, " _"]] = [torch.zeros(0, dtype=torch.long)] * batch_size

    def read(self, new: NewTokens) -> Float[Tensor, "batch vocab"]:
        self.append(new)
        return self.reread()

    def append(self, new: NewTokens) -> None:
        """Takes down new tokens."""
        rows = zip(self.rows, new, strict=True)
        self.rows = [torch.cat([row.to(more.device), more]) for row, more in rows]

    def reread(self) -> Float[Tensor, "batch vocab"]:
        """What follows the rows as they are."""
        windows = [row[-(self.context or len(row)) :] for row in self.rows]
        return last_logits(self.net(padded(windows)), windows)


class CachedDecoder:
    """Keeps keys and values of attention.

    Once a row is longer than the context, each new token moves its window on, and with it every
    position and all that was computed: from then on the windows are read anew.
    """

    def __init__(self, net: HasCache, full: FullContextDecoder) -> None:
        self.net = net
        self.full = full
        self.cache = net.new_cache(len(full.rows))

    def read(self, new: NewTokens) -> Float[Tensor, "batch vocab"]:
        self.full.append(new)
        if max(map(len, self.full.rows)) > (self.full.context or self.net.context):
            return self.full.reread()
        logits = self.net(padded(new), self.cache)
        self.cache.advance(lengths_of(new))
        return last_logits(logits, new)


class RecurrentDecoder:
    """Keeps a recurrent network's state."""

    def __init__(self, net: nn.Module) -> None:
        self.net: Any = net
        self.state: Any = None

    def read(self, new: NewTokens) -> Float[Tensor, "batch vocab"]:
        if self.state is not None:
            outputs, self.state = self.net.forward_with_state(torch.stack(list(new)), self.state)
            return outputs[:, -1]  # type: ignore[no-any-return]
        # One by one: padding would be read into the state.
        read = [self.net.forward_with_state(row[None], None) for row in new]
        self.state = joined([state for _, state in read])
        return torch.cat([outputs[:, -1] for outputs, _ in read])


def joined(states: Sequence[Any]) -> Any:
    """A batch's state, from those of its rows: tensors (depth, 1, width), or tuples of them."""
    if isinstance(states[0], tuple):
        return tuple(torch.cat(parts, dim=1) for parts in zip(*states, strict=True))
    return torch.cat(list(states), dim=1)


def padded(rows: NewTokens) -> Int[Tensor, "batch time"]:
    """Rows of one length, padded at their ends, which no earlier token of a causal network sees."""
    return pad_sequence(list(rows), batch_first=True)


def lengths_of(rows: NewTokens) -> Int[Tensor, " batch"]:
    """Tokens of each row."""
    return torch.tensor([len(row) for row in rows], device=rows[0].device)


def last_logits(
    logits: Float[Tensor, "batch time vocab"], rows: NewTokens
) -> Float[Tensor, "batch vocab"]:
    """Those after each row's last token."""
    last = lengths_of(rows) - 1
    return logits[torch.arange(len(rows), device=last.device), last]
