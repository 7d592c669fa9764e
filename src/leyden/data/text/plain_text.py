"""The data sets of a text file or folder, and of Shakespeare's plays."""

import hashlib
import shutil
import urllib.request
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, get_args

from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.fetching import data_folder, fetch_into
from leyden.data.folds import NOT_OF_TEXT
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec
from leyden.data.splits import DataSplits
from leyden.data.text.corpus import Corpus, load_corpus, warn_of_copies
from leyden.data.text.vocabulary import (
    BPESize,
    TokenizerChoice,
    Vocabulary,
    is_tokenizer_here,
    make_vocabulary,
)
from leyden.data.text.windows import split_places, split_text, text_splits, unread_text_spec
from leyden.files.walk import visible_files
from leyden.tokenization.choice import TokenizerName
from leyden.tokenization.hugging_face import GPT2_SIZE
from leyden.types import PositiveInt


class Text(DataModule):
    """A file, or all files of a folder, as one text: 90 % train, 5 % validate, 5 % test.

    Line ends stay as they are in the file; a byte-order mark is no part of the text.

    Args:
        path: A file, or a folder whose files are joined in the order of their names.
        encoding: Encoding, such as `cp1252`; None: UTF-8, or that of a byte-order mark.
        context: Number of tokens that the model sees at once.
        tokenizer: `character` (those of the training part, and one for all others), `byte`, `bpe`
            (pairs of bytes learned from the training part), `gpt2`, or the path of a saved one of
            Hugging Face's: a folder or a `tokenizer.json`.
        vocab_size: Number of tokens of `bpe`.
        stream: Whether each row of a batch continues where the same row of the last one ended, so
            that a recurrent network can carry its state on, instead of windows drawn at random. Of
            an evaluation `eval_batch_size` is then the number of places where reading begins.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "text"
    no_folds: ClassVar[str] = NOT_OF_TEXT

    def __init__(
        self,
        *,
        path: str,
        encoding: str | None = None,
        context: PositiveInt = 128,
        tokenizer: TokenizerChoice = "character",
        vocab_size: BPESize = 4096,
        stream: bool = False,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path).expanduser()
        self.encoding = encoding
        self.context = context
        self.tokenizer = tokenizer
        self.vocab_size = vocab_size
        self.stream = stream

    @cached_property
    def _read(self) -> tuple[Corpus, DataReport]:
        """The text, and what was found in reading it."""
        report = DataReport()
        return load_corpus(self.path, self.encoding, report), report

    @cached_property
    def texts(self) -> dict[str, str]:
        """The text of each part."""
        return split_text(self._read[0].text)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return make_vocabulary(self.tokenizer, self.texts["train"], size=self.vocab_size)

    def source_files(self) -> Sequence[Path]:
        is_name = self.tokenizer in get_args(TokenizerName)
        saved = [] if is_name else files_below(Path(self.tokenizer).expanduser())
        return [*(file.path for file in self._read[0].files), *saved]

    def is_here(self) -> bool:
        # Without `allow_synthetic` the error names the tokenizer that is missing.
        return not self.allow_synthetic or is_tokenizer_here(self.tokenizer)

    def expected_spec(self) -> Spec:
        return unread_text_spec(self.context, GPT2_SIZE, is_stream=self.stream)

    def load(self) -> DataSplits:
        joined, report = self._read
        texts, vocabulary = self.texts, self.vocabulary
        if len(set(texts["train"])) == 1:
            message = f"the training part has the one character {texts['train'][0]!r} only"
            raise DataError("path", f"{message}: there is nothing to learn")
        places = split_places(len(joined.text))
        sizes = {part: joined.num_bytes(*place) for part, place in places.items()}
        report.source["bytes"] = " + ".join(f"{size:,}" for size in sizes.values())
        report.source["characters"] = " + ".join(f"{len(text):,}" for text in texts.values())
        report.split = "in order: the first 90 % train, 5 % validate, 5 % test"
        firsts = {
            part: joined.bytes_of_token(places[part][0], vocabulary.bytes_of_first(text))
            for part, text in texts.items()
        }
        if self.tokenizer == "character":
            warn_of_unknown(texts, report)
        warn_of_copies(joined, places, report)
        return text_splits(
            texts,
            vocabulary,
            context=self.context,
            stream=self.stream,
            predicted_bytes={part: sizes[part] - firsts[part] for part in texts},
            report=report,
        )


MOST_UNKNOWN = 0.01
"""Share of unknown characters that is no reason for a warning."""
SHAKESPEARE_URL = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
)
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


class Shakespeare(Text):
    """40,000 lines of Shakespeare's plays, 1.1 MB, as Karpathy's char-rnn has them.

    Args:
        path: Path of the file, if it is on this machine; by default it is fetched.
        shared: Arguments of `Text`.
    """

    def __init__(self, *, path: str | None = None, **shared: Any) -> None:
        self.fetched_file = data_folder() / "shakespeare" / "input.txt"
        super().__init__(path=path or str(self.fetched_file), **shared)

    def is_here(self) -> bool:
        return self.path.is_file() and super().is_here()

    def fetch(self) -> None:
        if self.path != self.fetched_file:
            raise DataError("path", "is not a file")
        by_hand = f"say data.path=FILE, or put the file input.txt into {self.path.parent}"
        fetch_into(self.path.parent, fetch_shakespeare, by_hand=by_hand)

    def expected_spec(self) -> Spec:
        sizes = {"character": 66, "byte": 256, "bpe": self.vocab_size, "gpt2": GPT2_SIZE}
        size = sizes.get(self.tokenizer) or len(
            make_vocabulary(self.tokenizer, "", size=self.vocab_size)
        )
        return unread_text_spec(self.context, size, is_stream=self.stream)

    def expected_train_samples(self) -> int:
        return (1_003_854 - 1) // self.context


def fetch_shakespeare(folder: Path) -> None:
    """Downloads the file and verifies it."""
    target = folder / "input.txt"
    with urllib.request.urlopen(SHAKESPEARE_URL, timeout=60) as response, target.open("wb") as file:
        shutil.copyfileobj(response, file)
    if hashlib.sha256(target.read_bytes()).hexdigest() != SHAKESPEARE_SHA256:
        raise OSError("what came is not the file: its SHA-256 differs")


def files_below(path: Path) -> list[Path]:
    """The file itself, or all files below a folder but hidden ones."""
    return [path] if path.is_file() else visible_files(path)


def warn_of_unknown(texts: dict[str, str], report: DataReport) -> None:
    """Warns of characters that are not in the training part: one token stands for all of them."""
    known = set(texts["train"])
    for part in ("val", "test"):
        counts = Counter(texts[part])
        unknown = sum(count for character, count in counts.items() if character not in known)
        if unknown > MOST_UNKNOWN * len(texts[part]):
            share = f"{100 * unknown / len(texts[part]):.2g} %"
            report.warnings.append(f"{share} of the characters of {part} are not in train")
