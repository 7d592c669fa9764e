"""Time of a step, of start and end, and memory over the size of the data."""

import tempfile
from pathlib import Path

import numpy as np

from leyden.tokenization.shards import Manifest, Shard
from leyden.tokenization.tokenizer import Bytes
from tests.bench.growth.curve import Curve
from tests.bench.runs import NO_CHECKPOINTS, Timed, timed_steps

SAMPLES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TOKENS = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
SHARD, HELD_OUT = 50_000_000, 20_000
STEPS = 200
SHORT = (
    *("trainer.accelerator=cpu", "trainer.limit_val_batches=1", "trainer.limit_test_batches=1"),
    *("trainer.check_val_every_n_epoch=1000000", *NO_CHECKPOINTS),
)
TABLE = ("data=blobs", "model.width=64", "optimizer=adam")
TEXT = (
    *("data=tokens", "data.context=64", "data.batch_size=8", "model=gpt", "model.width=32"),
    *("model.depth=1", "optimizer=adamw", "callbacks.samples=null"),
)


def sample_curves(*, quick: bool) -> list[Curve]:
    sizes = SAMPLES[:-1] if quick else SAMPLES
    measured = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            words = (*TABLE, *SHORT, f"data.num_samples={size}")
            measured.append(timed_steps(Path(temporary), words, few=20, many=STEPS))
    return curves_of("samples of a table in memory", sizes, measured)


def token_curves(*, quick: bool) -> list[Curve]:
    sizes = TOKENS[:-1] if quick else TOKENS
    measured = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            shards = Path(temporary) / "shards"
            write_tokens(shards, size)
            words = (*TEXT, *SHORT, f"data.path={shards}")
            measured.append(timed_steps(Path(temporary), words, few=20, many=STEPS))
    return curves_of("tokens in shards on a disk", sizes, measured)


def curves_of(over: str, sizes: tuple[int, ...], measured: list[Timed]) -> list[Curve]:
    return [
        Curve("a step", over, "s", sizes, [one.seconds for one in measured]),
        Curve("start and end", over, "s", sizes, [one.start_seconds for one in measured]),
        Curve("memory with imports", over, "MB", sizes, [one.most_bytes / 1e6 for one in measured]),
    ]


def write_tokens(folder: Path, number: int) -> None:
    """Random bytes in the files that `leyden tokenize` would leave, which takes a while."""
    folder.mkdir()
    draw, tokenizer = np.random.default_rng(0), Bytes(has_separator=True)

    def write(name: str, tokens: int) -> Shard:
        draw.integers(256, size=tokens, dtype=np.uint16).tofile(folder / name)
        return Shard(name, tokens=tokens, documents=1, bytes=tokens, sha256="")

    lengths = [min(SHARD, number - begin) for begin in range(0, number, SHARD)]
    train = [write(f"train-{place:05}.bin", length) for place, length in enumerate(lengths)]
    held_out = {part: [write(f"{part}-00000.bin", HELD_OUT)] for part in ("val", "test")}
    (folder / "tokenizer").mkdir()
    tokenizer.save(folder / "tokenizer")
    Manifest(
        settings={},
        sources=[],
        dtype="uint16",
        vocab_size=len(tokenizer),
        separator=256,
        unigram_nats=float(np.log(256)),
        shards={"train": train, **held_out},
    ).write(folder)
