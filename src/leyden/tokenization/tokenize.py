"""From files to a folder of shards; broken off, it goes on."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from leyden.cli.console import waiting
from leyden.cli.terminal import format_bytes, show_note
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
    Plan,
    Settings,
    make_plan,
    sample_pieces,
)
from leyden.tokenization.progress import shown_progress
from leyden.tokenization.shards import FILE, Manifest, Shard, plan_shards, read_shard, write_shard
from leyden.tokenization.sources import Source
from leyden.tokenization.split import PARTS, Part
from leyden.tokenization.tokenizer import Tokenizer
from leyden.tokenization.workers import write_chunks


class OutputError(ValueError):
    """The folder for the result holds something else."""


def tokenize(settings: Settings, sources: list[Source], folder: Path, *, workers: int) -> Manifest:
    """Makes the shards that are not there yet, and the manifest.

    Args:
        settings: What decides the result.
        sources: Likewise.
        folder: Of the result; it is made if it is not there.
        workers: Processes. They change nothing but the speed.

    Raises:
        OutputError: The folder holds something else.
        SourceError: Something is no document.
        TokenizerError: The tokenizer can't be had.
    """
    refuse_other(folder, settings, sources)
    if (folder / FILE).is_file():
        shutil.rmtree(folder / WORK, ignore_errors=True)  # if it was killed just then
        return Manifest.read(folder)
    is_begun = (folder / WORK / PLAN).is_file()
    prepared = None if is_begun else prepare(settings, sources)  # before anything is written
    with the_only_one(folder):
        remove_parts(folder)
        if prepared is not None:
            keep(*prepared, folder)
        write_missing_chunks(folder, workers=workers)
        manifest = join_chunks(folder)
        manifest.write(folder)
    shutil.rmtree(folder / WORK)
    return manifest


def refuse_other(folder: Path, settings: Settings, sources: list[Source]) -> None:
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


def difference_of(saved: dict[str, Any], settings: Settings, sources: list[Source]) -> str | None:
    """In what a request differs from the one that was saved."""
    begun = asdict(Settings(**saved["settings"]))  # with defaults for what was not asked yet
    for name, value in asdict(settings).items():
        if begun[name] != value:
            option = f"--{name.replace('_', '-')}"
            return f"was begun with {option} {begun[name]}, not {value}"
    before = {source["path"]: Source(**source) for source in saved["sources"]}
    now = {source.path: source for source in sources}
    for path in [*before, *now]:
        if path not in now or path not in before:
            return f"was begun {'with' if path in before else 'without'} {path}"
        if before[path] != now[path]:
            return f"was begun before {path} was changed"
    return None if list(before) == list(now) else "was begun with the sources in another order"


def prepare(settings: Settings, sources: list[Source]) -> tuple[Plan, Tokenizer]:
    """The plan and the tokenizer."""
    with waiting("reading a sample"):
        plan = make_plan(settings, sources)
        tokenizer = choose_tokenizer(
            settings.tokenizer,
            lambda: (piece.text for piece in sample_pieces(plan)),
            size=settings.vocab_size,
            has_separator=True,
        )
    if settings.tokenizer in ("bpe", "character"):
        is_all = plan.sample_length == plan.length
        what = "all" if is_all else f"a sample of {format_bytes(plan.sample_length)}"
        show_note(f"{len(tokenizer):,} tokens, learned from {what} of the training documents")
    return plan, tokenizer


def keep(plan: Plan, tokenizer: Tokenizer, folder: Path) -> None:
    """Writes what the shards depend on; the plan last, so that all is there with it."""
    (folder / TOKENIZER).mkdir(exist_ok=True)
    tokenizer.save(folder / TOKENIZER)
    write_atomically(folder / WORK / PLAN, json.dumps(plan.as_json()))


@contextmanager
def the_only_one(folder: Path) -> Iterator[None]:
    """Keeps a second process off the folder."""
    (folder / WORK).mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / WORK / "lock", timeout=0):
            yield
    except Timeout as error:
        raise OutputError("is being written by another process") from error


def write_missing_chunks(folder: Path, *, workers: int) -> None:
    """Tokenizes what is not yet."""
    plan = read_plan(folder)
    numbers = range(plan.num_chunks)
    missing = [number for number in numbers if not chunk_record(folder, number).is_file()]
    done = min(plan.length, (len(numbers) - len(missing)) * plan.chunk_length)
    if done:
        show_note(f"goes on: {format_bytes(done)} of {format_bytes(plan.length)} were read before")
    with shown_progress(plan.length, done) as on_progress:
        write_chunks(folder, missing, workers=workers, on_progress=on_progress)


def join_chunks(folder: Path) -> Manifest:
    """Writes the shards that are missing, and tells of them all."""
    plan, tokenizer = read_plan(folder), read_tokenizer(folder / TOKENIZER)
    assert tokenizer.separator is not None
    dtype, amounts = dtype_of(len(tokenizer)), read_amounts(folder, plan.num_chunks)
    shards: dict[Part, list[Shard]] = {part: [] for part in PARTS}
    counts = {part: np.zeros(len(tokenizer), dtype=np.int64) for part in PARTS}
    with waiting("joining"):
        for part in PARTS:
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
    """Of the frequencies of what was counted, in nats."""
    shares = counts[counts > 0] / max(1, counts.sum())
    return float(-(shares * np.log(shares)).sum())
