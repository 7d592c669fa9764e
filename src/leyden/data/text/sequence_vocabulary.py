"""The tokenizer of labelled texts, of a folder of Hugging Face, a file or a run."""

from collections.abc import Sequence
from pathlib import Path

from leyden.config.huggingface import PREFIX, is_here, is_hf, path_of
from leyden.data.errors import DataError
from leyden.data.text.vocabulary import Vocabulary
from leyden.tokenization.hugging_face import TOKENIZER_FILE
from leyden.tokenization.sequences import (
    CONFIG_FILE,
    Sequences,
    SequenceTokenizer,
    read_sequence_tokenizer,
)
from leyden.tokenization.tokenizer import TokenizerError


class SequenceVocabulary(Vocabulary):
    """A vocabulary that makes rows of tokens of whole texts.

    Args:
        saved: Tokenizer that does so.
    """

    def __init__(self, saved: SequenceTokenizer) -> None:
        super().__init__(saved.tokenizer)
        self.saved = saved

    @property
    def padding(self) -> int:
        """Token that fills up short texts."""
        return self.saved.padding_id

    def sequences(self, texts: Sequence[str], *, length: int) -> Sequences:
        """Texts as rows of `length` tokens.

        Raises:
            DataError: The special tokens leave no room for a text.
        """
        try:
            return self.saved.encode(texts, length=length)
        except TokenizerError as error:
            raise DataError("tokenizer", str(error)) from error

    def save(self, folder: Path) -> None:
        self.saved.save(folder)


def read_sequence_vocabulary(source: str, *, pad_token: str | None = None) -> SequenceVocabulary:
    """The tokenizer that a user names.

    Args:
        source: `hf:PATH_OR_NAME`, or the path of a folder or a `tokenizer.json`.
        pad_token: Token that fills up short texts; None: the tokenizer says it.

    Raises:
        DataError: There is none, or a package of the extra `hf` is missing.
    """
    path = Path(source).expanduser()
    try:
        if is_hf(source):
            path = path_of(source) if is_here(source) else _fetched(source.removeprefix(PREFIX))
        elif not path.exists():
            message = f"is neither a file nor a folder; of a model on the Hub say {PREFIX}NAME"
            raise DataError("tokenizer", message)
        return SequenceVocabulary(read_sequence_tokenizer(path, pad_token=pad_token))
    except TokenizerError as error:
        raise DataError("tokenizer", str(error)) from error


def _fetched(name: str) -> Path:
    """The files of a tokenizer on the Hub, or from the cache of `huggingface_hub`.

    Raises:
        DataError: They can't be had.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `hf`: pip install 'leyden[hf]'"
        raise DataError("tokenizer", message) from error
    wanted = [TOKENIZER_FILE, CONFIG_FILE]
    try:
        return Path(snapshot_download(name, allow_patterns=wanted))
    except HFValidationError as error:
        message = f"is neither a folder nor of the form of a name on the Hub, such as {PREFIX}gpt2"
        raise DataError("tokenizer", message) from error
    except Exception as error:  # of several packages that deal with the network
        reason = str(error).partition("\n")[0] or type(error).__name__
        message = f"is no folder here, and could not be fetched from the Hub: {reason}"
        raise DataError("tokenizer", message) from error
