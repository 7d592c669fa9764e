"""Whole texts as rows of tokens of one length: what models that classify texts read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from leyden.tokenization.hugging_face import TOKENIZER_FILE, HuggingFace, read_hugging_face
from leyden.tokenization.tokenizer import SEPARATOR, TokenizerError, well_formed

CONFIG_FILE = "tokenizer_config.json"
Side = Literal["left", "right"]


@dataclass(frozen=True)
class Sequences:
    """Texts as rows of tokens.

    Attributes:
        tokens: A row for each text, with the special tokens of the tokenizer, filled up at its end.
        empty: Places of the texts in which the tokenizer finds no token.
        num_cut: Number of texts that were longer.
        longest: Tokens of the longest text, with the special ones, before it was cut.
    """

    tokens: NDArray[np.int32]
    empty: list[int]
    num_cut: int
    longest: int


@dataclass(frozen=True)
class SequenceTokenizer:
    """A tokenizer that fills up short texts and cuts long ones.

    Attributes:
        tokenizer: Tokenizer of the package `tokenizers`.
        padding: Text of the token that fills up short texts.
        side: End of a long text that is cut off.
        is_end_of_text: Whether that token is the one that ends a text: it names no other.
    """

    tokenizer: HuggingFace
    padding: str
    side: Side
    is_end_of_text: bool = False

    def __len__(self) -> int:
        return len(self.tokenizer)

    @property
    def padding_id(self) -> int:
        """Number of the token that fills up short texts."""
        return int(self.tokenizer.tokenizer.token_to_id(self.padding))

    def encode(self, texts: Sequence[str], *, length: int) -> Sequences:
        """Texts as rows of `length` tokens; see `encode_sequences`."""
        return encode_sequences(
            self.tokenizer, texts, length=length, padding=self.padding_id, side=self.side
        )

    def save(self, folder: Path) -> None:
        """Writes what `read_sequence_tokenizer` reads; `folder` is there."""
        self.tokenizer.save(folder)
        said = {"pad_token": self.padding, "truncation_side": self.side}
        (folder / CONFIG_FILE).write_text(json.dumps(said), encoding="utf-8")


def encode_sequences(
    tokenizer: HuggingFace, texts: Sequence[str], *, length: int, padding: int, side: Side
) -> Sequences:
    """Texts as rows of tokens.

    The special tokens are those of the tokenizer's own post-processor. Their words within a text
    are text.

    Args:
        tokenizer: Tokenizer of the package `tokenizers`.
        texts: Texts.
        length: Tokens of a row.
        padding: Token that fills up short texts.
        side: End of a long text that is cut off.

    Raises:
        TokenizerError: The special tokens leave no room for a text.
    """
    own = tokenizer.tokenizer
    num_special = own.num_special_tokens_to_add(False)
    room = length - num_special
    if room < 1:
        message = f"adds {num_special} tokens to each text; data.context must be more than that"
        raise TokenizerError(message)
    tokens = np.full((len(texts), length), padding, dtype=np.int32)
    empty, num_cut, longest = list[int](), 0, 0
    found = own.encode_batch([well_formed(text) for text in texts], add_special_tokens=False)
    for row, one in enumerate(found):
        if not one.ids:
            empty.append(row)
        longest = max(longest, len(one.ids) + num_special)
        if len(one.ids) > room:
            num_cut += 1
            one.truncate(room, direction=side)
        ids = own.post_process(one).ids
        tokens[row, : len(ids)] = ids
    return Sequences(tokens, empty, num_cut, longest)


def read_sequence_tokenizer(path: Path, *, pad_token: str | None = None) -> SequenceTokenizer:
    """A saved tokenizer of Hugging Face.

    Args:
        path: Folder with a `tokenizer.json`, or such a file.
        pad_token: Token that fills up short texts; None: the one that the folder or the file
            names, or else the one that ends a text.

    Raises:
        TokenizerError: It is not that, or it names no such token.
    """
    file = path / TOKENIZER_FILE if path.is_dir() else path
    if not file.is_file():
        raise TokenizerError(
            f"holds no {TOKENIZER_FILE}; `AutoTokenizer` of transformers writes one with"
            " `save_pretrained`"
        )
    tokenizer = read_hugging_face(file)
    said = _read_json(file.with_name(CONFIG_FILE))
    is_end_of_text = False
    named = pad_token or _named(said.get("pad_token")) or _padding_of(_read_json(file))
    if named is None:
        is_end_of_text = True
        ends = (_named(said.get("eos_token")), SEPARATOR)
        named = next((one for one in ends if one and _has(tokenizer, one)), None)
    if named is None:
        raise TokenizerError("names no token that fills up short texts; say data.pad_token=TOKEN")
    if not _has(tokenizer, named):
        raise TokenizerError(f"has no token `{named}`, which is to fill up short texts")
    side: Side = "left" if said.get("truncation_side") == "left" else "right"
    return SequenceTokenizer(tokenizer, named, side, is_end_of_text)


def _has(tokenizer: HuggingFace, token: str) -> bool:
    return tokenizer.tokenizer.token_to_id(token) is not None


def _padding_of(saved: dict[str, Any]) -> str | None:
    """The token that a tokenizer's own file fills up with."""
    padding = saved.get("padding")
    return _named(padding.get("pad_token")) if isinstance(padding, dict) else None


def _named(token: Any) -> str | None:
    """The text of a token, which may have a form with attributes."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) and text else None


def _read_json(file: Path) -> dict[str, Any]:
    """What a file says; nothing where it is not there.

    Raises:
        TokenizerError: It is no JSON object.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TokenizerError(f"{file} can't be read: {error}") from error
    if not isinstance(content, dict):
        raise TokenizerError(f"{file} is no JSON object")
    return content
