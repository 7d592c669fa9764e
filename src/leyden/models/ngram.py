"""Embeddings of the last tokens together, from a hashed table."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from leyden.models.attention import KeyValueCache

NO_TOKEN = -1
"""What stands before a text's first token."""


class NgramEmbedding(nn.Module):
    """For each token, the sum of vectors of the last two, three, ... tokens up to it.

    Short-range statistics then cost one look-up instead of layers that have to learn them. An
    n-gram's row is its number, in base `vocab_size` + 1, modulo `num_rows`, in the part of the
    table that its length has: where there are enough rows each has its own, else some share one.

    Source: Huang et al. 2025, "Over-Tokenized Transformer: Vocabulary is Generally Worth Scaling".

    Args:
        vocab_size: Number of tokens.
        longest: Tokens of the longest n-gram, at least 2.
        num_rows: For each length; best without common divisors with `vocab_size` + 1.
        width: C.
    """

    def __init__(self, *, vocab_size: int, longest: int, num_rows: int, width: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.longest = longest
        self.num_rows = num_rows
        self.table = nn.Embedding((longest - 1) * num_rows, width)

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        positions: Int[Tensor, "B T"] | None = None,
        cache: KeyValueCache | None = None,
    ) -> Float[Tensor, "B T C"]:
        """The vectors' sums.

        Args:
            tokens: The new ones.
            positions: In their documents, which n-grams do not cross; None: a row is one text.
            cache: Has the earlier tokens.
        """
        number, rows = tokens, []
        for distance in range(1, self.longest):
            if cache is None:
                before = F.pad(tokens, (distance, 0), value=NO_TOKEN)[:, : tokens.shape[1]]
            else:
                before = cache.tokens_before(distance, tokens.shape[1])
            if positions is not None:
                before = before.where(positions >= distance, NO_TOKEN)
            # Of many long n-grams it overflows, and is a hash all the same.
            number = number * (self.vocab_size + 1) + before + 1
            rows.append(number % self.num_rows + (distance - 1) * self.num_rows)
        return self.table(torch.stack(rows, dim=-1)).sum(dim=-2)  # type: ignore[no-any-return]
