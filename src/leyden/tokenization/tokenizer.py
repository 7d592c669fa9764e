"""From text to tokens and back: characters and bytes."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int64]
UNKNOWN = "\N{REPLACEMENT CHARACTER}"
SEPARATOR = "<|endoftext|>"
"""Stands before each document; its name is that of GPT-2's token."""
VOCABULARY_FILE = "vocabulary.json"


class TokenizerError(ValueError):
    """There is no such tokenizer, or it can't be read or made."""


@runtime_checkable
class Tokenizer(Protocol):
    """Maps text to tokens and back; its length is the number of different tokens.

    Attributes:
        separator: The token that stands before each document; None: it has none. No text has it.
    """

    separator: int | None

    def __len__(self) -> int: ...

    def encode(self, text: str) -> Tokens: ...

    def decode(self, tokens: Iterable[int]) -> str: ...

    def bytes_of_first(self, text: str) -> int:
        """UTF-8 bytes that the first token of a text stands for."""
        ...

    def save(self, folder: Path) -> None:
        """Writes what `read_tokenizer` reads."""
        ...


class Characters:
    """One token a character.

    Args:
        known: Known characters. The first token stands for every other one.
        has_separator: Whether a further token stands between documents.
    """

    def __init__(self, known: str, *, has_separator: bool = False) -> None:
        self.characters = UNKNOWN + "".join(sorted(set(well_formed(known)) - {UNKNOWN}))
        self.separator = len(self.characters) if has_separator else None
        self.symbols = [*self.characters, *([SEPARATOR] if has_separator else [])]
        codes = np.array([ord(character) for character in self.characters], dtype=np.uint32)
        self.table = np.zeros(codes.max() + 1, dtype=np.int64)
        self.table[codes] = np.arange(len(codes))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> Tokens:
        codes = np.frombuffer(well_formed(text).encode("utf-32-le"), dtype=np.uint32)
        inside = codes < len(self.table)
        return np.where(inside, self.table[np.where(inside, codes, 0)], 0)

    def decode(self, tokens: Iterable[int]) -> str:
        return "".join(self.symbols[token] for token in tokens)

    def bytes_of_first(self, text: str) -> int:
        return len(well_formed(text)[:1].encode())

    def save(self, folder: Path) -> None:
        known = self.characters.removeprefix(UNKNOWN)
        _save(folder, kind="character", known=known, has_separator=self.separator is not None)


class Bytes:
    """One token a byte of UTF-8.

    Args:
        has_separator: Whether a further token stands between documents.
    """

    def __init__(self, *, has_separator: bool = False) -> None:
        self.separator = 256 if has_separator else None
        self.symbols = [bytes([code]) for code in range(256)]
        self.symbols += [SEPARATOR.encode()] if has_separator else []

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> Tokens:
        codes = np.frombuffer(well_formed(text).encode(), dtype=np.uint8)
        return codes.astype(np.int64)

    def decode(self, tokens: Iterable[int]) -> str:
        return b"".join(self.symbols[token] for token in tokens).decode(errors="replace")

    def bytes_of_first(self, text: str) -> int:
        return min(1, len(text))

    def save(self, folder: Path) -> None:
        _save(folder, kind="byte", has_separator=self.separator is not None)


def well_formed(text: str) -> str:
    """The text with halves of surrogate pairs, which JSON may hold and UTF-8 can't, as unknown."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _save(folder: Path, **saved: Any) -> None:
    (folder / VOCABULARY_FILE).write_text(json.dumps(saved), encoding="utf-8")


def read_vocabulary(file: Path, *, has_separator: bool = False) -> Characters | Bytes:
    """What `Characters.save` or `Bytes.save` wrote.

    Args:
        file: File that they wrote.
        has_separator: Whether it gets a separator if it has none.

    Raises:
        TokenizerError: It is not that.
    """
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        has_separator = has_separator or saved["has_separator"]
        if saved["kind"] == "character":
            return Characters(saved["known"], has_separator=has_separator)
        if saved["kind"] == "byte":
            return Bytes(has_separator=has_separator)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TokenizerError(f"{file} is not a saved vocabulary") from error
    raise TokenizerError(f"{file} is a vocabulary of the unknown kind {saved['kind']!r}")
