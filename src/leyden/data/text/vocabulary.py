"""The tokens of a data set: from text to tensors and back."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import torch
from annotated_types import Ge
from jaxtyping import Int
from torch import Tensor

from leyden.data.errors import DataError
from leyden.tokenization.choice import TokenizerName, choose_tokenizer, read_tokenizer
from leyden.tokenization.hugging_face import is_gpt2_here
from leyden.tokenization.tokenizer import Tokenizer, TokenizerError

BPESize = Annotated[int, Ge(256)]
"""Number of tokens of a BPE vocabulary: the bytes are always among them."""
TokenizerChoice = TokenizerName | str
"""A name, or the path of a saved tokenizer."""


class Vocabulary:
    """Maps text to tokens and back; its length is the number of different tokens.

    Args:
        tokenizer: Tokenizer that does so with arrays.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def __len__(self) -> int:
        return len(self.tokenizer)

    @property
    def separator(self) -> int | None:
        """The token that stands before each document, if it has one."""
        return self.tokenizer.separator

    def encode(self, text: str) -> Int[Tensor, " length"]:
        return torch.from_numpy(self.tokenizer.encode(text))

    def decode(self, tokens: Int[Tensor, " length"]) -> str:
        return self.tokenizer.decode(tokens.tolist())

    def bytes_of_first(self, text: str) -> int:
        """UTF-8 bytes that the first token of a text stands for."""
        return self.tokenizer.bytes_of_first(text)

    def save(self, folder: Path) -> None:
        """Writes what `load_vocabulary` reads; `folder` is there."""
        self.tokenizer.save(folder)


@lru_cache(maxsize=4)
def make_vocabulary(tokenizer: TokenizerChoice, text: str, *, size: int) -> Vocabulary:
    """The vocabulary of a training text; the same text and size give the same one.

    Args:
        tokenizer: Name of a tokenizer, or path of a saved one.
        text: Text whose characters or pairs become tokens.
        size: Number of tokens of `bpe`; the others have as many as they have.

    Raises:
        DataError: There is no such tokenizer, or its package is missing.
    """
    try:
        return Vocabulary(choose_tokenizer(tokenizer, lambda: [text], size=size))
    except TokenizerError as error:
        raise DataError("tokenizer", str(error)) from error


def is_tokenizer_here(tokenizer: TokenizerChoice) -> bool:
    """Whether it can be had without a network."""
    return tokenizer != "gpt2" or is_gpt2_here()


def load_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary that was saved into a folder.

    Raises:
        DataError: There is none.
    """
    try:
        return Vocabulary(read_tokenizer(path))
    except TokenizerError as error:
        raise DataError("path", str(error)) from error
