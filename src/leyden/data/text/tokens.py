"""Text that `leyden tokenize` has made shards of, read by memory map."""

import hashlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.folds import NOT_OF_TEXT
from leyden.data.spec import DataKind, Spec
from leyden.data.splits import DataSplits
from leyden.data.text.vocabulary import Vocabulary, load_vocabulary
from leyden.data.text.windows import bytes_per_target, token_splits, unread_text_spec
from leyden.files.walk import visible_files
from leyden.tokenization.chunk import TOKENIZER, WORK
from leyden.tokenization.hugging_face import GPT2_SIZE
from leyden.tokenization.shards import Manifest, ManifestError, Shard
from leyden.tokenization.split import SPLITS, SplitName
from leyden.types import PositiveInt


class Shards:
    """Files of tokens, one after the other.

    Args:
        files: Files in order; they have no headers.
        lengths: Number of tokens of each file.
        dtype: Type of a token.
    """

    def __init__(self, files: list[Path], lengths: list[int], *, dtype: str) -> None:
        self.files = files
        self.ends = np.cumsum([0, *lengths])[1:]
        self.dtype = dtype

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, places: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
        wanted = places.numpy()
        shards = np.searchsorted(self.ends, wanted, side="right")
        tokens = np.empty(wanted.shape, dtype=np.int64)
        for shard in np.unique(shards):
            inside = shards == shard
            begin = self.ends[shard - 1] if shard > 0 else 0
            tokens[inside] = mapped(self.files[shard], self.dtype)[wanted[inside] - begin]
        return torch.from_numpy(tokens)


@lru_cache(maxsize=512)  # each map keeps a file open
def mapped(file: Path, dtype: str) -> NDArray[Any]:
    """The tokens of a file, as if they were in memory.

    Not an attribute of `Shards`: that is sent to processes which read ahead, and a map would be
    sent with all that it holds.
    """
    return np.memmap(file, dtype=np.dtype(dtype).newbyteorder("<"), mode="r")


class Tokens(DataModule):
    """Shards of tokens, read by memory map: the text may be larger than the memory.

    Each token of the training part but the first is a target once in an epoch, save what is left
    after the last whole window and the last whole batch.

    Args:
        path: Folder that `leyden tokenize` made; None: random tokens, if `allow_synthetic` is set.
        context: Number of tokens that the model sees at once. A window may hold several documents.
        mask_documents: The model is told the separator, so that it can hide the documents of a
            window from each other.
        stream: Whether rows of batches continue the text, see `Text`.
        verify: Compare the SHA-256 of every shard with the manifest's before the start; it reads
            all of them. Names and sizes are always compared.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "text"
    no_folds: ClassVar[str] = NOT_OF_TEXT
    without_path: ClassVar[str] = "random tokens of GPT-2's vocabulary"

    def __init__(
        self,
        *,
        path: str | None,
        context: PositiveInt = 1024,
        mask_documents: bool = False,
        stream: bool = False,
        verify: bool = False,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = Path(path or "").expanduser()
        self.has_path = path is not None
        self.context = context
        self.mask_documents = mask_documents
        self.stream = stream
        self.verify = verify

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest of the folder."""
        try:
            return Manifest.read(self.path)
        except ManifestError as error:
            if (self.path / WORK).is_dir():
                message = "is not finished; type the same `leyden tokenize` again"
                raise DataError("path", message) from error
            raise DataError("path", str(error)) from error

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return load_vocabulary(self.path / TOKENIZER)

    def source_files(self) -> Sequence[Path]:
        """The shards and the tokenizer, not the manifest, which holds times of changes."""
        shards = [shard.file for part in SPLITS for shard in self.manifest.shards[part]]
        return [*(self.path / name for name in shards), *visible_files(self.path / TOKENIZER)]

    def is_here(self) -> bool:
        return self.has_path or not self.allow_synthetic

    def expected_spec(self) -> Spec:
        return unread_text_spec(self.context, GPT2_SIZE, is_stream=self.stream)

    def load(self) -> DataSplits:
        if not self.has_path:
            raise DataError("path", "must be the folder that `leyden tokenize` made")
        manifest = self.manifest
        for part in SPLITS:
            if manifest.total(part, "tokens") < 2:
                message = f"has no text in its {part} part; tokenize with a larger --{part}-share"
                raise DataError("path", message)
            for shard in manifest.shards[part]:
                self._check(shard)
        spec = Spec(
            "text",
            input_shape=(self.context,),
            num_outputs=manifest.vocab_size,
            unigram_nats=manifest.unigram_nats,
            bytes_per_token={part: self._bytes_per_token(part) for part in SPLITS},
            is_stream=self.stream,
            separator=manifest.separator if self.mask_documents else None,
        )
        return token_splits({part: self._shards(part) for part in SPLITS}, spec)

    def _bytes_per_token(self, part: SplitName) -> float:
        """The first token is a separator, which stands for no bytes."""
        manifest = self.manifest
        return bytes_per_target(manifest.total(part, "bytes"), manifest.total(part, "tokens"))

    def _shards(self, part: SplitName) -> Shards:
        shards = self.manifest.shards[part]
        files = [self.path / shard.file for shard in shards]
        return Shards(files, [shard.tokens for shard in shards], dtype=self.manifest.dtype)

    def _check(self, shard: Shard) -> None:
        file, size = self.path / shard.file, shard.tokens * self.manifest.item_size
        if not file.is_file():
            raise DataError("path", f"is damaged: {shard.file} is not there")
        if file.stat().st_size != size:
            found = f"{file.stat().st_size:,} bytes long, not {size:,}"
            raise DataError("path", f"is damaged: {shard.file} is {found}")
        if self.verify and sha256_of(file) != shard.sha256:
            raise DataError("path", f"is damaged: the SHA-256 of {shard.file} differs")


def sha256_of(file: Path) -> str:
    """SHA-256 of a file of any size."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
