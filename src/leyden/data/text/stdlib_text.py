"""The Python standard library's own source as a corpus: real text that is on every machine."""

import os
import sysconfig
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

from leyden.data.datamodule import DataModule
from leyden.data.folds import NOT_OF_TEXT
from leyden.data.spec import DataKind, Spec
from leyden.data.splits import DataSplits
from leyden.data.text.vocabulary import (
    BPESize,
    TokenizerChoice,
    Vocabulary,
    is_tokenizer_here,
    make_vocabulary,
)
from leyden.data.text.windows import text_splits, unread_text_spec
from leyden.tokenization.hugging_face import GPT2_SIZE
from leyden.types import PositiveInt

LEFT_OUT = {
    "test",
    "tests",
    "idle_test",
    "site-packages",
    "dist-packages",
    "lib2to3",
    "__pycache__",
}


class StdlibText(DataModule):
    """Source files of the running Python, split by file: of 20, 18 train, 1 validates, 1 tests.

    Args:
        context: Number of tokens that the model sees at once.
        tokenizer: Name or path of the tokenizer, see `Text`.
        vocab_size: Number of tokens of `bpe`.
        stream: Whether rows of batches continue the text, see `Text`.
        max_bytes: Size of the corpus in bytes; whole files are taken in the order of their names,
            evenly over the library. A few million bytes keep validation short.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "text"
    no_folds: ClassVar[str] = NOT_OF_TEXT

    def __init__(
        self,
        *,
        context: PositiveInt = 128,
        tokenizer: TokenizerChoice = "character",
        vocab_size: BPESize = 4096,
        stream: bool = False,
        max_bytes: PositiveInt = 4_000_000,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.context = context
        self.tokenizer = tokenizer
        self.vocab_size = vocab_size
        self.stream = stream
        self.max_bytes = max_bytes

    @cached_property
    def vocabulary(self) -> Vocabulary:
        text = read_corpus(self.max_bytes)["train"]
        return make_vocabulary(self.tokenizer, text, size=self.vocab_size)

    def is_here(self) -> bool:
        # Without `allow_synthetic` the error names the tokenizer that is missing.
        return not self.allow_synthetic or is_tokenizer_here(self.tokenizer)

    def expected_spec(self) -> Spec:
        return unread_text_spec(self.context, GPT2_SIZE, is_stream=self.stream)

    def load(self) -> DataSplits:
        texts = read_corpus(self.max_bytes)
        return text_splits(texts, self.vocabulary, context=self.context, stream=self.stream)


@cache
def read_corpus(max_bytes: int) -> dict[str, str]:
    """The text of each part; files are joined in the order of their names."""
    root = Path(sysconfig.get_path("stdlib"))
    files = source_files(root)
    total = sum(path.stat().st_size for path in files)
    parts: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    share, taken, seen = min(1.0, max_bytes / total), 0, 0
    for path in files:
        size = path.stat().st_size
        seen += size
        if taken + size > seen * share:
            continue
        taken += size
        number = sum(len(texts) for texts in parts.values())
        part = {10: "val", 19: "test"}.get(number % 20, "train")
        parts[part].append(path.read_text(encoding="utf-8", errors="replace"))
    return {part: "\n".join(texts) for part, texts in parts.items()}


def source_files(root: Path) -> list[Path]:
    """Python files below `root` in the order of their names; folders left out are not entered."""
    names = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in LEFT_OUT]
        inside = Path(folder).relative_to(root)
        names += [(inside / name).as_posix() for name in files if name.endswith(".py")]
    return [root / name for name in sorted(names)]
