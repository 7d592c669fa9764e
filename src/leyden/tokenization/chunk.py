"""Tokenizes a stretch of the sources, small enough that to begin it again costs little."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from leyden.files.atomic import write_atomically
from leyden.tokenization.choice import read_tokenizer
from leyden.tokenization.documents import Piece, read_pieces
from leyden.tokenization.plan import TokenizePlan
from leyden.tokenization.split import SPLITS, SplitName

WORK = ".tokenize"
"""Folder, within the result, of what is needed to resume; it is removed at the end."""
TOKENIZER = "tokenizer"
PLAN = "plan.json"


@dataclass
class Amount:
    """An amount of text.

    Attributes:
        tokens: Number of tokens; separators are among them.
        documents: Number of documents that begin in it.
        bytes: Number of bytes: of text files themselves, of JSON and Parquet in UTF-8.
    """

    tokens: int = 0
    documents: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.tokens + other.tokens,
            self.documents + other.documents,
            self.bytes + other.bytes,
        )


def read_plan(folder: Path) -> TokenizePlan:
    """The plan of a result that is not finished."""
    return TokenizePlan.of_json(json.loads((folder / WORK / PLAN).read_text(encoding="utf-8")))


def dtype_of(num_tokens: int) -> np.dtype[np.uint16] | np.dtype[np.uint32]:
    """The smallest type that holds every token of a vocabulary; little-endian everywhere."""
    return np.dtype("<u2") if num_tokens <= 2**16 else np.dtype("<u4")


def chunk_file(folder: Path, part: SplitName, number: int) -> Path:
    """A chunk's tokens of a part."""
    return folder / WORK / f"{part}-{number:06}.bin"


def chunk_record(folder: Path, number: int) -> Path:
    """The file that is there once a chunk is finished."""
    return folder / WORK / f"chunk-{number:06}.json"


def read_amounts(folder: Path, num_chunks: int) -> dict[SplitName, list[Amount]]:
    """What each finished chunk has of each part."""
    texts = [chunk_record(folder, n).read_text(encoding="utf-8") for n in range(num_chunks)]
    records = [json.loads(text) for text in texts]
    return {part: [Amount(**record[part]) for record in records] for part in SPLITS}


class ChunkWriter:
    """Writes chunks.

    Args:
        folder: Folder of the result; its plan and tokenizer are there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.plan = read_plan(folder)
        self.tokenizer = read_tokenizer(folder / TOKENIZER)
        self.dtype = dtype_of(len(self.tokenizer))
        self.separator = np.array([self.tokenizer.separator], dtype=np.int64)

    def write(self, number: int, on_progress: Callable[[int], None]) -> None:
        """Writes the files of all parts, and last the record.

        Args:
            number: Number of the chunk.
            on_progress: Function that is called with the length that was read.

        Raises:
            SourceError: Something is no document.
        """
        amounts: dict[SplitName, Amount] = {part: Amount() for part in SPLITS}
        with ExitStack() as stack:
            files = {
                part: stack.enter_context(
                    staged(chunk_file(self.folder, part, number), self.folder / WORK)
                )
                for part in SPLITS
            }
            for place in self.plan.chunk(number):
                for piece in read_pieces(place, self.plan.settings.text_key):
                    part = place.part or self.plan.split.part_of(piece.key)
                    files[part].write(self._tokens(piece, amounts[part]))
                    on_progress(piece.length)
        record = {part: asdict(amount) for part, amount in amounts.items()}
        write_atomically(chunk_record(self.folder, number), json.dumps(record))

    def _tokens(self, piece: Piece, amount: Amount) -> bytes:
        tokens = self.tokenizer.encode(piece.text)
        if piece.is_beginning:
            tokens = np.concatenate([self.separator, tokens])
        amount.tokens += len(tokens)
        amount.documents += piece.is_beginning
        amount.bytes += piece.num_bytes
        return tokens.astype(self.dtype).tobytes()


@contextmanager
def staged(path: Path, folder: Path) -> Iterator[BinaryIO]:
    """A file to write, which gets its name at the end; if that is not reached, it is removed.

    Args:
        path: Path of the file.
        folder: Folder that holds the file until then; on the same file system.
    """
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
