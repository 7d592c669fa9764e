"""Text in memory: a vocabulary, and windows over a stream of tokens."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from leyden.data.loader import Batch, Draw

TokenizerName = Literal["character", "byte"]
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Vocabulary:
    """Maps text to tokens and back.

    Attributes:
        characters: What each token stands for, one character a token. The first stands for every
            character that is not among the others. None: the tokens are the 256 bytes of UTF-8.
    """

    characters: str | None

    @classmethod
    def of(cls, tokenizer: TokenizerName, text: str) -> "Vocabulary":
        """The vocabulary that `tokenizer` needs for `text`."""
        if tokenizer == "byte":
            return cls(None)
        return cls(UNKNOWN + "".join(sorted(set(text) - {UNKNOWN})))

    def __len__(self) -> int:
        return 256 if self.characters is None else len(self.characters)

    def encode(self, text: str) -> Int[Tensor, " length"]:
        if self.characters is None:
            return torch.tensor(list(text.encode()), dtype=torch.long)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        known = np.array([ord(character) for character in self.characters], dtype=np.uint32)
        table = np.zeros(max(codes.max(initial=0), known.max()) + 1, dtype=np.int64)
        table[known] = np.arange(len(known))
        return torch.from_numpy(table[codes])

    def decode(self, tokens: Int[Tensor, " length"]) -> str:
        if self.characters is None:
            return bytes(tokens.tolist()).decode(errors="replace")
        return "".join(self.characters[token] for token in tokens.tolist())


class TokenWindows:
    """A part of a text: windows that together cover every token once.

    Args:
        tokens: The stream.
        context: Tokens of a window. Its targets are the same tokens moved on by one, so what is
            left of the stream after the last whole window is not seen.
    """

    def __init__(self, tokens: Int[Tensor, " length"], *, context: int) -> None:
        self.tokens = tokens
        self.context = context
        self.offsets = torch.arange(context + 1)

    def __len__(self) -> int:
        return max(0, len(self.tokens) - 1) // self.context

    def __getitem__(self, draw: Draw) -> Batch:
        windows = self.tokens[draw.index[:, None] * self.context + self.offsets]
        return windows[:, :-1], windows[:, 1:]


def unigram_nats(tokens: Int[Tensor, " length"]) -> float:
    """Entropy of the tokens' frequencies."""
    shares = torch.bincount(tokens).double() / len(tokens)
    return float(torch.special.entr(shares).sum())
