"""From text to tokens and back: characters, bytes, or pairs of bytes learned from the text."""

from functools import lru_cache
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from annotated_types import Ge
from jaxtyping import Int
from torch import Tensor

TokenizerName = Literal["character", "byte", "bpe"]
PairCount = Annotated[int, Ge(256)]
"""Tokens of a BPE vocabulary: the bytes are always among them."""
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@runtime_checkable
class Vocabulary(Protocol):
    """Maps text to tokens and back; its length is the number of different tokens."""

    def __len__(self) -> int: ...

    def encode(self, text: str) -> Int[Tensor, " length"]: ...

    def decode(self, tokens: Int[Tensor, " length"]) -> str: ...


class Characters:
    """One token a character.

    Args:
        known: The characters. The first token stands for every other one.
    """

    def __init__(self, known: str) -> None:
        self.characters = UNKNOWN + "".join(sorted(set(known) - {UNKNOWN}))
        codes = np.array([ord(character) for character in self.characters], dtype=np.uint32)
        self.table = np.zeros(codes.max() + 1, dtype=np.int64)
        self.table[codes] = np.arange(len(codes))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Int[Tensor, " length"]:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        inside = codes < len(self.table)
        return torch.from_numpy(np.where(inside, self.table[np.where(inside, codes, 0)], 0))

    def decode(self, tokens: Int[Tensor, " length"]) -> str:
        return "".join(self.characters[token] for token in tokens.tolist())


class Bytes:
    """One token a byte of UTF-8."""

    def __len__(self) -> int:
        return 256

    def encode(self, text: str) -> Int[Tensor, " length"]:
        codes = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        return torch.from_numpy(codes.astype(np.int64))

    def decode(self, tokens: Int[Tensor, " length"]) -> str:
        return bytes(tokens.tolist()).decode(errors="replace")


class BytePairs:
    """Byte-pair encoding, as GPT-2's (Sennrich et al. 2016; Radford et al. 2019), from a text.

    Args:
        text: The frequent pairs of bytes are learned from it.
        size: Number of tokens: 256 bytes, and pairs of earlier tokens. A short text may have fewer.

    Raises:
        ModuleNotFoundError: The package `tokenizers` is missing; the message names the extra.
    """

    def __init__(self, text: str, size: int) -> None:
        self.tokenizer = trained_tokenizer(text, size)

    def __len__(self) -> int:
        return int(self.tokenizer.get_vocab_size())

    def encode(self, text: str) -> Int[Tensor, " length"]:
        return torch.tensor(self.tokenizer.encode(text).ids, dtype=torch.long)

    def decode(self, tokens: Int[Tensor, " length"]) -> str:
        return str(self.tokenizer.decode(tokens.tolist()))


@lru_cache(maxsize=4)
def trained_tokenizer(text: str, size: int) -> Any:
    """A byte-level BPE tokenizer; the same text and size give the same one."""
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    except ModuleNotFoundError as error:
        message = "data.tokenizer=bpe needs the extra `bpe`: pip install 'leyden[bpe]'"
        raise ModuleNotFoundError(message) from error
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text.splitlines(keepends=True), trainer)
    return tokenizer


def vocabulary_of(tokenizer: TokenizerName, text: str, *, size: int) -> Vocabulary:
    """The vocabulary of a training text.

    Args:
        tokenizer: The kind of token.
        text: Its characters or pairs are known.
        size: Number of tokens of `bpe`; the others have as many as they have.
    """
    if tokenizer == "character":
        return Characters(text)
    return Bytes() if tokenizer == "byte" else BytePairs(text, size)
