"""Which token comes next: the likeliest, or one drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How a token is drawn from a model's distribution.

    Attributes:
        temperature: Divides the logits; 0 takes the likeliest token.
        top_k: Only so many of the likeliest tokens are drawn from; None: all.
        top_p: Only the likeliest tokens that together have this share are drawn from (Holtzman et
            al. 2019, "The Curious Case of Neural Text Degeneration"); None: all.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def shares(self, logits: Float[Tensor, "batch vocab"]) -> Float[Tensor, "batch vocab"]:
        """The distribution that is drawn from."""
        if self.temperature == 0:
            likeliest = logits.argmax(dim=-1, keepdim=True)
            return torch.zeros_like(logits).scatter(1, likeliest, 1.0)
        shares = (logits / self.temperature).softmax(dim=-1)
        if self.top_k is not None:
            largest, tokens = shares.topk(min(self.top_k, shares.shape[1]), dim=-1)
            shares = torch.zeros_like(shares).scatter(1, tokens, largest)
            shares = shares / shares.sum(dim=-1, keepdim=True)
        if self.top_p is not None:
            ordered, tokens = shares.sort(dim=-1, descending=True, stable=True)
            likelier = ordered.cumsum(dim=-1) - ordered  # the share of all likelier tokens
            kept = ordered * ((likelier < self.top_p) | (likelier == 0))  # the likeliest always
            shares = torch.zeros_like(shares).scatter(1, tokens, kept)
        return shares

    def draw(
        self, logits: Float[Tensor, "batch vocab"], generators: Sequence[torch.Generator]
    ) -> Int[Tensor, " batch"]:
        """A token for each row.

        Args:
            logits: Of any device; drawn from on the CPU, so that all devices draw alike.
            generators: One for each row, so that no row depends on the others.
        """
        shares = self.shares(logits.float().cpu())
        if self.temperature == 0:
            return shares.argmax(dim=-1)
        rows = zip(shares, generators, strict=True)
        return torch.cat([torch.multinomial(row, 1, generator=own) for row, own in rows])
