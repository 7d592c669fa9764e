"""The choice of a tokenizer, by its name or path."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, get_args

from leyden.errors import suggestion
from leyden.tokenization.hugging_face import (
    BYTE_PAIR_FILES,
    TOKENIZER_FILE,
    gpt2,
    read_byte_pairs,
    read_hugging_face,
    train_bpe,
)
from leyden.tokenization.tokenizer import (
    VOCABULARY_FILE,
    Bytes,
    Characters,
    Tokenizer,
    TokenizerError,
    read_vocabulary,
)

TokenizerName = Literal["character", "byte", "bpe", "gpt2"]


def choose_tokenizer(
    choice: str, sample: Callable[[], Iterable[str]], *, size: int, has_separator: bool = False
) -> Tokenizer:
    """The tokenizer that a user names.

    Args:
        choice: Name, or path of a saved tokenizer.
        sample: Function that gives texts whose characters or pairs are to be known, if that is
            needed.
        size: Number of tokens of `bpe`; the others have as many as they have.
        has_separator: Whether it has a token that stands between documents.

    Raises:
        TokenizerError: There is no such tokenizer.
    """
    match choice:
        case "character":
            known = "".join(set[str]().union(*sample()))
            return Characters(known, has_separator=has_separator)
        case "byte":
            return Bytes(has_separator=has_separator)
        case "bpe":
            return train_bpe(sample(), size, has_separator=has_separator)
        case "gpt2":
            return gpt2(has_separator=has_separator)
    path = Path(choice).expanduser()
    if not path.exists():
        hint = suggestion(choice, get_args(TokenizerName))
        message = f"is neither a tokenizer's name nor a file or folder; {hint}"
        raise TokenizerError(message)
    return read_tokenizer(path, has_separator=has_separator)


def read_tokenizer(path: Path, *, has_separator: bool = False) -> Tokenizer:
    """A saved tokenizer.

    Args:
        path: Folder that holds `tokenizer.json`, `vocab.json` and `merges.txt`, or a
            `vocabulary.json` of ours; or such a file itself.
        has_separator: Whether a tokenizer of Hugging Face's gets a separator if it has none.

    Raises:
        TokenizerError: It is not that.
    """
    file = path
    if path.is_dir():
        names = [name for name in (TOKENIZER_FILE, VOCABULARY_FILE) if (path / name).is_file()]
        pair = [path / name for name in BYTE_PAIR_FILES]
        if not names and all(half.is_file() for half in pair):
            return read_byte_pairs(*pair, has_separator=has_separator)
        if not names:
            wanted = f"{TOKENIZER_FILE}, or {' and '.join(BYTE_PAIR_FILES)}"
            raise TokenizerError(f"holds no tokenizer; it would have {wanted}")
        file = path / names[0]
    if file.name == VOCABULARY_FILE:
        return read_vocabulary(file, has_separator=has_separator)
    return read_hugging_face(file, has_separator=has_separator)
