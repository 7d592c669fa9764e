"""Shards: chunks joined to files of the wanted size."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leyden.files.atomic import write_atomically
from leyden.tokenization.chunk import WORK, Amount, chunk_file
from leyden.tokenization.split import Part
from leyden.tokenization.staging import staged


@dataclass(frozen=True)
class Shard:
    """A file of tokens.

    Attributes:
        file: Its name.
        tokens: Their number; separators are among them.
        documents: That begin in it.
        bytes: See `Amount`.
        sha256: Of the file.
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
        part: It belongs to.
        number: Of the shard in its part.
        chunks: In order; each belongs to one shard of a part.
        amount: Of what they hold together.
    """

    part: Part
    number: int
    chunks: tuple[int, ...]
    amount: Amount

    @property
    def name(self) -> str:
        """Of the file."""
        return f"{self.part}-{self.number:05}.bin"

    def record(self, folder: Path) -> Path:
        """The file that is there once the shard is finished."""
        return folder / WORK / f"{self.name}.json"


def plan_shards(part: Part, amounts: Sequence[Amount], shard_tokens: int) -> Iterator[ShardPlan]:
    """Fills shards with chunks as long as they are not too large.

    Args:
        part: Of the shards.
        amounts: What each chunk has of the part.
        shard_tokens: That no shard of several chunks exceeds.
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
