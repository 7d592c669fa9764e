"""The Python standard library's own source as a corpus: real text that is on every machine."""

import os
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from leyden.data.datamodule import DataModule, Parts
from leyden.data.spec import Kind, Spec
from leyden.data.text import TokenizerName, TokenWindows, Vocabulary, unigram_nats
from leyden.ranges import PositiveInt

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
        context: Tokens that the model sees at once.
        tokenizer: `character` (those of the training part, and one for all others) or `byte`.
        max_bytes: Size of the corpus; whole files are taken in the order of their names, evenly
            over the library. A few million bytes keep validation short.
        shared: Those of `DataModule`.
    """

    kind: ClassVar[Kind] = "text"

    def __init__(
        self,
        *,
        context: PositiveInt = 128,
        tokenizer: TokenizerName = "character",
        max_bytes: PositiveInt = 4_000_000,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.context = context
        self.tokenizer = tokenizer
        self.max_bytes = max_bytes

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of(self.tokenizer, read_corpus(self.max_bytes)["train"])

    def load(self) -> Parts:
        vocabulary = self.vocabulary
        texts = read_corpus(self.max_bytes)
        tokens = {part: vocabulary.encode(text) for part, text in texts.items()}
        spec = Spec(
            "text",
            input_shape=(self.context,),
            num_outputs=len(vocabulary),
            unigram_nats=unigram_nats(tokens["train"]),
            bytes_per_token={part: len(texts[part].encode()) / len(tokens[part]) for part in texts},
        )
        return Parts(spec, *(TokenWindows(tokens[part], context=self.context) for part in texts))


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
