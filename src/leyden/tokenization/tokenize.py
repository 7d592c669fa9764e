"""From files to a folder of shards; an interrupted call is resumed."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from leyden.files.atomic import remove_parts, write_atomically
from leyden.tokenization.choice import choose_tokenizer, read_tokenizer
from leyden.tokenization.chunk import (
    PLAN,
    TOKENIZER,
    WORK,
    chunk_record,
    dtype_of,
    read_amounts,
    read_plan,
)
from leyden.tokenization.plan import (
    TokenizePlan,
    TokenizeSettings,
    make_plan,
    sample_pieces,
)
from leyden.tokenization.shards import FILE, Manifest, Shard, plan_shards, read_shard, write_shard
from leyden.tokenization.sources import SourceFile
from leyden.tokenization.split import SPLITS, SplitName
from leyden.tokenization.tokenizer import Tokenizer
from leyden.tokenization.workers import write_chunks


class OutputError(ValueError):
    """The folder for the result holds something else."""


@dataclass(frozen=True)
class Sampling:
    """A sample of the sources is read, to plan the work and to learn the tokenizer."""


@dataclass(frozen=True)
class Learned:
    """A tokenizer was learned.

    Attributes:
        num_tokens: Size of its vocabulary.
        num_bytes: Length of the text that it was learned from.
        is_sample: Whether there was more text than that.
    """

    num_tokens: int
    num_bytes: int
    is_sample: bool


@dataclass(frozen=True)
class Reading:
    """The sources are read and tokenized.

    Attributes:
        done: Bytes that have been read so far; at first those that were read by an earlier call.
        total: Bytes of all sources.
    """

    done: int
    total: int


@dataclass(frozen=True)
class Joining:
    """Chunks are joined to shards."""


Event = Sampling | Learned | Reading | Joining
"""What `tokenize` reports while it works."""


def _ignore(event: Event) -> None:
    """Shows nothing."""


def tokenize(
    settings: TokenizeSettings,
    sources: list[SourceFile],
    folder: Path,
    *,
    workers: int = 1,
    on_progress: Callable[[Event], None] = _ignore,
) -> Manifest:
    """Makes the shards that are not there yet, and the manifest.

    Args:
        settings: The settings of the result.
        sources: The files to tokenize.
        folder: Folder of the result; it is made if it is not there.
        workers: Number of processes. It changes nothing but the speed.
        on_progress: Called with each event, in this process.

    Raises:
        OutputError: The folder holds something else.
        SourceError: A file holds something that is no document.
        TokenizerError: The tokenizer can't be read or learned.
        BrokenProcessPool: A process was killed.
    """
    _require_same_request(folder, settings, sources)
    if (folder / FILE).is_file():
        shutil.rmtree(folder / WORK, ignore_errors=True)  # if it was killed just then
        return Manifest.read(folder)
    has_plan = (folder / WORK / PLAN).is_file()
    # Before anything is written.
    prepared = None if has_plan else prepare(settings, sources, on_progress)
    with only_process(folder):
        remove_parts(folder)
        if prepared is not None:
            save_prepared(*prepared, folder)
        write_missing_chunks(folder, workers=workers, on_progress=on_progress)
        on_progress(Joining())
        manifest = join_chunks(folder)
        manifest.write(folder)
    shutil.rmtree(folder / WORK)
    return manifest


def is_begun(folder: Path) -> bool:
    """Whether a call of `tokenize` has begun to write to a folder, and has not finished."""
    return (folder / WORK).is_dir()


def _require_same_request(
    folder: Path, settings: TokenizeSettings, sources: list[SourceFile]
) -> None:
    """Raises `OutputError` unless the folder is new or was begun by the same request."""
    if folder.is_file():
        raise OutputError("is a file; type a folder")
    begun = folder / FILE if (folder / FILE).is_file() else folder / WORK / PLAN
    if begun.is_file():
        try:
            saved = json.loads(begun.read_text(encoding="utf-8"))
            difference = difference_of(saved, settings, sources)
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(f"is damaged: {begun} can't be read; remove it") from error
        if difference:
            raise OutputError(f"{difference}; type another folder, or remove this one")
    elif folder.is_dir() and any(path.name not in (WORK, TOKENIZER) for path in folder.iterdir()):
        raise OutputError("is a folder that holds something else; type another")


def difference_of(
    saved: dict[str, Any], settings: TokenizeSettings, sources: list[SourceFile]
) -> str | None:
    """The difference of a request from the one that was saved; None: there is none."""
    begun = asdict(
        TokenizeSettings(**saved["settings"])
    )  # with defaults for what was not asked yet
    for name, value in asdict(settings).items():
        if begun[name] != value:
            option = f"--{name.replace('_', '-')}"
            return f"was begun with {option} {begun[name]}, not {value}"
    before = {source["path"]: SourceFile(**source) for source in saved["sources"]}
    now = {source.path: source for source in sources}
    for path in [*before, *now]:
        if path not in now or path not in before:
            return f"was begun {'with' if path in before else 'without'} {path}"
        if before[path] != now[path]:
            return f"was begun before {path} was changed"
    return None if list(before) == list(now) else "was begun with the sources in another order"


def prepare(
    settings: TokenizeSettings, sources: list[SourceFile], on_progress: Callable[[Event], None]
) -> tuple[TokenizePlan, Tokenizer]:
    """The plan and the tokenizer."""
    on_progress(Sampling())
    plan = make_plan(settings, sources)
    tokenizer = choose_tokenizer(
        settings.tokenizer,
        lambda: (piece.text for piece in sample_pieces(plan)),
        size=settings.vocab_size,
        has_separator=True,
    )
    if settings.tokenizer in ("bpe", "character"):
        is_sample = plan.sample_length < plan.length
        on_progress(Learned(len(tokenizer), plan.sample_length, is_sample))
    return plan, tokenizer


def save_prepared(plan: TokenizePlan, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes what the shards depend on; the plan last, so that all is there with it."""
    (folder / TOKENIZER).mkdir(exist_ok=True)
    tokenizer.save(folder / TOKENIZER)
    write_atomically(folder / WORK / PLAN, json.dumps(plan.as_json()))


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """Locks a folder, so that no second process writes to it."""
    (folder / WORK).mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / WORK / "lock", timeout=0):
            yield
    except Timeout as error:
        raise OutputError("is being written by another process") from error


def write_missing_chunks(
    folder: Path, *, workers: int, on_progress: Callable[[Event], None]
) -> None:
    """Tokenizes the chunks that an earlier call has not finished."""
    plan = read_plan(folder)
    numbers = range(plan.num_chunks)
    missing = [number for number in numbers if not chunk_record(folder, number).is_file()]
    done = min(plan.length, (len(numbers) - len(missing)) * plan.chunk_length)
    on_progress(Reading(done, plan.length))

    def on_read(length: int) -> None:
        nonlocal done
        done += length
        on_progress(Reading(done, plan.length))

    write_chunks(folder, missing, workers=workers, on_progress=on_read)


def join_chunks(folder: Path) -> Manifest:
    """Writes the shards that are missing, and tells of them all."""
    plan, tokenizer = read_plan(folder), read_tokenizer(folder / TOKENIZER)
    assert tokenizer.separator is not None
    dtype, amounts = dtype_of(len(tokenizer)), read_amounts(folder, plan.num_chunks)
    shards: dict[SplitName, list[Shard]] = {part: [] for part in SPLITS}
    counts = {part: np.zeros(len(tokenizer), dtype=np.int64) for part in SPLITS}
    for part in SPLITS:
        for shard_plan in plan_shards(part, amounts[part], plan.settings.shard_tokens):
            if not shard_plan.record(folder).is_file():
                write_shard(folder, shard_plan, dtype, len(tokenizer))
            shard, shard_counts = read_shard(folder, shard_plan)
            shards[part].append(shard)
            counts[part] += shard_counts
    return Manifest(
        settings=asdict(plan.settings),
        sources=[asdict(source) for source in plan.sources],
        dtype=dtype.name,
        vocab_size=len(tokenizer),
        separator=tokenizer.separator,
        unigram_nats=entropy(counts["train"]),
        shards=shards,
    )


def entropy(counts: NDArray[np.int64]) -> float:
    """Entropy of the frequencies of what was counted, in nats."""
    shares = counts[counts > 0] / max(1, counts.sum())
    return float(-(shares * np.log(shares)).sum())
