"""Shards, chunks joined to files of the wanted size, and the manifest of their folder."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leyden.files.atomic import write_atomically
from leyden.tokenization.chunk import WORK, Amount, chunk_file, staged
from leyden.tokenization.split import SPLITS, SplitName


@dataclass(frozen=True)
class Shard:
    """A file of tokens.

    Attributes:
        file: Name of the file.
        tokens: Number of tokens; separators are among them.
        documents: Number of documents that begin in it.
        bytes: Number of bytes of the text, see `Amount`.
        sha256: SHA-256 of the file.
    """

    file: str
    tokens: int
    documents: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ShardPlan:
    """A shard that is to be written.

    Attributes:
        part: Split that it belongs to.
        number: Number of the shard in its split.
        chunks: Numbers of its chunks, in order; each belongs to one shard of a part.
        amount: Amount that they hold together.
    """

    part: SplitName
    number: int
    chunks: tuple[int, ...]
    amount: Amount

    @property
    def name(self) -> str:
        """Name of the file."""
        return f"{self.part}-{self.number:05}.bin"

    def record(self, folder: Path) -> Path:
        """The file that is there once the shard is finished."""
        return folder / WORK / f"{self.name}.json"


def plan_shards(
    part: SplitName, amounts: Sequence[Amount], shard_tokens: int
) -> Iterator[ShardPlan]:
    """Fills shards with chunks as long as they are not too large.

    Args:
        part: Split of the shards.
        amounts: Amount that each chunk has of the split.
        shard_tokens: Number of tokens that no shard of several chunks exceeds.
    """
    number, chunks, held = 0, list[int](), Amount()
    for chunk, amount in enumerate(amounts):
        if chunks and held.tokens + amount.tokens > shard_tokens:
            yield ShardPlan(part, number, tuple(chunks), held)
            number, chunks, held = number + 1, [], Amount()
        if amount.tokens:
            chunks.append(chunk)
            held = held + amount
    if chunks:
        yield ShardPlan(part, number, tuple(chunks), held)


def write_shard(folder: Path, plan: ShardPlan, dtype: np.dtype[Any], vocab_size: int) -> None:
    """Writes a shard and its record, and then removes its chunks."""
    sha256, counts = hashlib.sha256(), np.zeros(vocab_size, dtype=np.int64)
    chunks = [chunk_file(folder, plan.part, number) for number in plan.chunks]
    with staged(folder / plan.name, folder / WORK) as file:
        for chunk in chunks:
            data = chunk.read_bytes()
            sha256.update(data)
            file.write(data)
            counts += np.bincount(np.frombuffer(data, dtype), minlength=vocab_size)
    shard = Shard(plan.name, **asdict(plan.amount), sha256=sha256.hexdigest())
    record = {"shard": asdict(shard), "counts": counts.tolist()}
    write_atomically(plan.record(folder), json.dumps(record))
    for chunk in chunks:
        chunk.unlink()


def read_shard(folder: Path, plan: ShardPlan) -> tuple[Shard, NDArray[np.int64]]:
    """A finished shard, and how often it has each token."""
    record = json.loads(plan.record(folder).read_text(encoding="utf-8"))
    return Shard(**record["shard"]), np.array(record["counts"], dtype=np.int64)


SCHEMA = 1
FILE = "manifest.json"
ITEM_SIZES = {"uint16": 2, "uint32": 4}


class ManifestError(ValueError):
    """A folder holds no finished shards, or they are damaged."""


@dataclass(frozen=True)
class Manifest:
    """The contents of a folder of shards; it is the last file that is written.

    Attributes:
        settings: Settings of the user.
        sources: Files that were read: path, size, and time of the last change.
        dtype: Type of the tokens in the files, which are little-endian and have no header.
        vocab_size: Number of different tokens, the separator among them.
        separator: Token before each document.
        unigram_nats: Entropy of the training part's single tokens.
        shards: Shards of each part, in order.
    """

    settings: dict[str, Any]
    sources: list[dict[str, Any]]
    dtype: str
    vocab_size: int
    separator: int
    unigram_nats: float
    shards: dict[SplitName, list[Shard]]

    @property
    def item_size(self) -> int:
        """Bytes of a token in the files."""
        return ITEM_SIZES[self.dtype]

    def total(self, part: SplitName, what: str) -> int:
        """Tokens, documents or bytes of a part."""
        return sum(getattr(shard, what) for shard in self.shards[part])

    def write(self, folder: Path) -> None:
        """So that the folder counts as finished."""
        own = {key: value for key, value in asdict(self).items() if key != "shards"}
        parts = {
            part: {
                **{what: self.total(part, what) for what in ("tokens", "documents", "bytes")},
                "shards": [asdict(shard) for shard in self.shards[part]],
            }
            for part in SPLITS
        }
        text = json.dumps({"schema": SCHEMA, **own, "parts": parts}, indent=1)
        write_atomically(folder / FILE, text + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """The manifest of a folder.

        Raises:
            ManifestError: There is none, or it is none of ours.
        """
        try:
            saved = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if saved.pop("schema") != SCHEMA:
                message = f"{folder / FILE} is of another version of leyden; tokenize again"
                raise ManifestError(message)
            parts = saved.pop("parts")
            shards = {part: [Shard(**shard) for shard in parts[part]["shards"]] for part in SPLITS}
            manifest = cls(**saved, shards=shards)
            names = [shard.file for part in SPLITS for shard in shards[part]]
            if manifest.dtype not in ITEM_SIZES or any(Path(name).name != name for name in names):
                raise ValueError("not what is written here")
            return manifest
        except FileNotFoundError as error:
            raise ManifestError(f"holds no {FILE}, which `leyden tokenize` writes last") from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, ManifestError):
                raise
            raise ManifestError(f"{folder / FILE} is damaged") from error
