"""Tokenizers of the package `tokenizers`: learned from a text, read from a folder, and GPT-2's."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from leyden.tokenization.tokenizer import SEPARATOR, TokenizerError, Tokens, well_formed

GPT2 = "openai-community/gpt2"
GPT2_SIZE = 50257
"""Number of tokens of GPT-2."""
TOKENIZER_FILE = "tokenizer.json"
BEGINNING = 10_000
"""Characters of a text that decide what its first token is."""
BYTE_PAIR_FILES = ("vocab.json", "merges.txt")


class HuggingFace:
    """A tokenizer of the package `tokenizers`.

    Args:
        tokenizer: A `tokenizers.Tokenizer`. What it would add to a text, cut off or fill up is
            left out: a document is all of its text and nothing else.
        has_separator: Whether the end-of-text token is added to the vocabulary if it is not there.
    """

    def __init__(self, tokenizer: Any, *, has_separator: bool = False) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        if has_separator or tokenizer.token_to_id(SEPARATOR) is not None:
            tokenizer.add_special_tokens([SEPARATOR])
        # A document that holds the words `<|endoftext|>` does not end there.
        tokenizer.encode_special_tokens = True
        self.tokenizer = tokenizer
        self.separator: int | None = tokenizer.token_to_id(SEPARATOR)
        self.size = max(tokenizer.get_vocab().values(), default=-1) + 1  # ids may have gaps

    def __len__(self) -> int:
        return self.size

    def encode(self, text: str) -> Tokens:
        (encoded,) = self.tokenizer.encode_batch_fast([well_formed(text)], add_special_tokens=False)
        return np.array(encoded.ids, dtype=np.int64)

    def decode(self, tokens: Iterable[int]) -> str:
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=False))

    def bytes_of_first(self, text: str) -> int:
        text = well_formed(text[:BEGINNING])
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        if not encoded.ids:
            return 0
        is_of_bytes = type(self.tokenizer.decoder).__name__ == "ByteLevel"
        if is_of_bytes and encoded.ids[0] not in self.tokenizer.get_added_tokens_decoder():
            return len(encoded.tokens[0])  # in its alphabet each letter is a byte
        return len(text[: encoded.offsets[0][1]].encode())

    def save(self, folder: Path) -> None:
        self.tokenizer.save(str(folder / TOKENIZER_FILE))


def train_bpe(texts: Iterable[str], size: int, *, has_separator: bool = False) -> HuggingFace:
    """Byte-pair encoding, as GPT-2's (Sennrich et al. 2016; Radford et al. 2019), from texts.

    Args:
        texts: Texts whose frequent pairs of bytes are learned; the same texts give the same.
        size: Number of tokens: 256 bytes, pairs of earlier tokens, and the separator. Short texts
            may give fewer.
        has_separator: Whether the last token is the separator.

    Raises:
        TokenizerError: The package `tokenizers` is missing; the message names the extra.
    """
    tokenizers = _tokenizers()
    tokenizer = _byte_level(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size - has_separator,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_lines(texts), trainer)
    return HuggingFace(tokenizer, has_separator=has_separator)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from well_formed(text).splitlines(keepends=True)


def read_hugging_face(file: Path, *, has_separator: bool = False) -> HuggingFace:
    """A tokenizer that was saved as one file.

    Raises:
        TokenizerError: It is not one.
    """
    tokenizers = _tokenizers()
    try:
        return HuggingFace(tokenizers.Tokenizer.from_file(str(file)), has_separator=has_separator)
    except Exception as error:  # the package raises no narrower one
        reason = str(error).partition("\n")[0]
        raise TokenizerError(f"{file} can't be read as a tokenizer: {reason}") from error


def read_byte_pairs(vocabulary: Path, merges: Path, *, has_separator: bool = False) -> HuggingFace:
    """A tokenizer of GPT-2's kind from its two files.

    Raises:
        TokenizerError: They are not that.
    """
    tokenizers = _tokenizers()
    try:
        model = tokenizers.models.BPE.from_file(str(vocabulary), str(merges))
    except Exception as error:  # the package raises no narrower one
        reason = str(error).partition("\n")[0]
        message = f"{vocabulary} and {merges.name} can't be read as a tokenizer: {reason}"
        raise TokenizerError(message) from error
    return HuggingFace(_byte_level(model), has_separator=has_separator)


def gpt2(*, has_separator: bool = False) -> HuggingFace:
    """GPT-2's own, from the cache of `huggingface_hub` or, if it is not there, the network.

    Raises:
        TokenizerError: It can't be had; the message says what a person can do.
    """
    for is_local in (True, False):
        folder = _gpt2_folder(local_files_only=is_local)
        files = [folder / name for name in BYTE_PAIR_FILES] if folder else []
        if files and all(file.is_file() for file in files):
            return read_byte_pairs(*files, has_separator=has_separator)
    raise TokenizerError(
        "is not on this machine, and could not be fetched; type the path of a folder that holds"
        f" its {' and '.join(BYTE_PAIR_FILES)}, or its {TOKENIZER_FILE}"
    )


def is_gpt2_here() -> bool:
    """Whether it has been fetched before."""
    try:
        folder = _gpt2_folder(local_files_only=True)
    except TokenizerError:
        return False
    return folder is not None and all((folder / name).is_file() for name in BYTE_PAIR_FILES)


def _gpt2_folder(*, local_files_only: bool) -> Path | None:
    """Where its files are, if they can be had."""
    try:
        from huggingface_hub import snapshot_download  # of the extra `hf`
    except ModuleNotFoundError as error:
        raise TokenizerError(_missing("huggingface-hub")) from error
    try:
        # Not `hf_hub_download`: without a network that tries again and again, and says so.
        found = snapshot_download(
            GPT2, allow_patterns=list(BYTE_PAIR_FILES), local_files_only=local_files_only
        )
    except Exception:  # of several packages that deal with the network
        return None
    return Path(found)


def _byte_level(model: Any) -> Any:
    tokenizers = _tokenizers()
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    return tokenizer


def _tokenizers() -> ModuleType:
    try:
        import tokenizers  # of the extra `hf`
    except ModuleNotFoundError as error:
        raise TokenizerError(_missing("tokenizers")) from error
    return tokenizers


def _missing(package: str) -> str:
    return f"needs the package {package}: pip install 'leyden[hf]'"
