"""From files to shards, as a user does it."""

import hashlib
import json
import random
import shutil
import signal
import time
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from leyden.tokenization import plan, tokenize
from leyden.tokenization.choice import read_tokenizer
from leyden.tokenization.shards import Manifest
from leyden.tokenization.split import SPLITS

NUM_DOCUMENTS = 300


def make_documents():
    draw = random.Random(0)
    words = ["row", "your", "boat", "gently", "down", "the", "stream", "\N{SNOWMAN}", "\U0001f6a3"]
    return [
        f"{number}: " + " ".join(draw.choices(words, k=draw.randint(1, 60)))
        for number in range(NUM_DOCUMENTS)
    ]


DOCUMENTS = make_documents()
LONGEST = max(len(text.encode()) for text in DOCUMENTS)


@pytest.fixture(params=["jsonl", "parquet", "folder"])
def source(request, tmp_path):
    """The documents in one of the forms that can be read."""
    path = tmp_path / f"in.{request.param}"
    if request.param == "jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in DOCUMENTS))
    elif request.param == "parquet":
        parquet.write_table(pa.table({"text": DOCUMENTS}), path, row_group_size=70)
    else:
        path.mkdir()
        for number, text in enumerate(DOCUMENTS):
            (path / f"{number:03}.txt").write_text(text)
    return path


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in DOCUMENTS))
    return path


def tokens_of(folder, part):
    manifest = Manifest.read(folder)
    shards = [np.fromfile(folder / shard.file, manifest.dtype) for shard in manifest.shards[part]]
    return np.concatenate(shards)


def documents_of(folder, part):
    """The texts of a part, in order."""
    tokens, separator = tokens_of(folder, part), Manifest.read(folder).separator
    tokenizer = read_tokenizer(folder / "tokenizer")
    assert tokens[0] == separator
    places = np.flatnonzero(tokens == separator)[1:]
    return [tokenizer.decode(text[1:].tolist()) for text in np.split(tokens, places)]


def files_of(folder):
    """Every file below a folder and what it holds."""
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("tokenizer", ["byte", "character", "bpe"])
def test_the_parts_decode_to_the_documents_each_once_and_in_order(source, tokenizer, leyden):
    options = ("--tokenizer", tokenizer, "--vocab-size", "300", "--shard-tokens", "2000")
    assert leyden("tokenize", str(source), "--output", "out", *options).status == 0
    parts = {part: documents_of(Path("out"), part) for part in SPLITS}
    assert sorted(chain(*parts.values())) == sorted(DOCUMENTS)
    for part in SPLITS:
        assert parts[part] == [text for text in DOCUMENTS if text in set(parts[part])]


def test_the_manifest_counts_what_the_shards_hold(source, leyden):
    options = ("--shard-tokens", "2000", "--val-share", "0.1", "--test-share", "0.05")
    leyden("tokenize", str(source), "--output", "out", *options)
    manifest = Manifest.read(Path("out"))
    assert (manifest.dtype, manifest.vocab_size, manifest.separator) == ("uint16", 257, 256)
    for part, share in (("train", 0.85), ("val", 0.1), ("test", 0.05)):
        texts = documents_of(Path("out"), part)
        assert len(texts) == NUM_DOCUMENTS * share == manifest.total(part, "documents")
        assert manifest.total(part, "bytes") == sum(len(text.encode()) for text in texts)
        assert manifest.total(part, "tokens") == manifest.total(part, "bytes") + len(texts)
        for shard in manifest.shards[part]:
            data = (Path("out") / shard.file).read_bytes()
            assert len(data) == 2 * shard.tokens
            assert shard.tokens <= 2000 + LONGEST
            assert hashlib.sha256(data).hexdigest() == shard.sha256
            assert data.count(b"\x00\x01") == shard.documents  # 256, little-endian
    counts = np.bincount(tokens_of(Path("out"), "train"))
    shares = counts[counts > 0] / counts.sum()
    assert manifest.unigram_nats == pytest.approx(-(shares * np.log(shares)).sum())


def test_the_manifest_knows_the_sources(lines, leyden):
    leyden("tokenize", "lines.jsonl", "--output", "out")
    (known,) = Manifest.read(Path("out")).sources
    status = lines.stat()
    assert (known["path"], known["size"], known["modified"]) == (
        *("lines.jsonl", status.st_size, status.st_mtime_ns),
    )


def test_many_workers_give_what_one_gives(source, leyden):
    options = ("--tokenizer", "bpe", "--vocab-size", "300", "--shard-tokens", "3000")
    for workers in ("1", "2"):
        command = ("tokenize", str(source), "--output", workers, *options, "--workers", workers)
        assert leyden(*command).status == 0
    assert files_of("1") == files_of("2")


def test_the_size_of_what_is_read_at_a_time_changes_no_document(lines, leyden):
    for tokens in ("2000", "100000"):
        leyden("tokenize", "lines.jsonl", "--output", tokens, "--shard-tokens", tokens)
    assert len(Manifest.read(Path("2000")).shards["train"]) > 10
    for part in SPLITS:
        assert np.array_equal(tokens_of(Path("2000"), part), tokens_of(Path("100000"), part))


def test_two_readings_of_the_same_documents_in_another_order_split_alike(lines, leyden):
    leyden("tokenize", "lines.jsonl", "--output", "a")
    shuffled = [json.dumps({"text": text}) for text in reversed(DOCUMENTS)]
    Path("b.jsonl").write_text("\n".join(shuffled))
    leyden("tokenize", "b.jsonl", "--output", "b")
    for part in SPLITS:
        assert documents_of(Path("a"), part) == documents_of(Path("b"), part)[::-1]


def test_a_text_alone_is_split_by_position(leyden):
    text = "It was a dark and stormy night. " * 100
    Path("novel.txt").write_text(text)
    options = ("--val-share", "0.1", "--test-share", "0.2")
    leyden("tokenize", "novel.txt", "--output", "out", *options, "--shard-tokens", "500")
    parts = [documents_of(Path("out"), part) for part in SPLITS]
    assert [len(part) for part in parts] == [1, 1, 1]
    joined = "".join(part[0] for part in parts)
    assert joined == text
    assert [len(part[0]) for part in parts] == pytest.approx([2240, 320, 640], abs=10)


@pytest.mark.parametrize("text", ["\N{SNOWMAN}" * 400, "row" * 400, "row " * 300 + "w" * 900])
def test_each_part_of_a_text_without_words_begins_with_a_separator(text, leyden):
    Path("novel.txt").write_text(text)
    options = ("--val-share", "0.1", "--test-share", "0.1", "--shard-tokens", "40")
    leyden("tokenize", "novel.txt", "--output", "out", *options)
    assert "".join(documents_of(Path("out"), part)[0] for part in SPLITS) == text


def test_a_larger_corpus_than_the_sample_is_split_by_the_share_of_keys(lines, leyden, monkeypatch):
    monkeypatch.setattr(plan, "SAMPLE_BYTES", 2000)
    options = ("--tokenizer", "bpe", "--vocab-size", "300")
    result = leyden("tokenize", "lines.jsonl", "--output", "out", *options, "--val-share", "0.2")
    assert "learned from a sample of 2.0 kB of the training documents" in result.err
    assert len(documents_of(Path("out"), "val")) == pytest.approx(0.2 * NUM_DOCUMENTS, abs=25)


def test_a_vocabulary_is_kept_beside_its_tokens(lines, leyden):
    options = ("--tokenizer", "bpe", "--vocab-size", "300")
    leyden("tokenize", "lines.jsonl", "--output", "a", *options)
    leyden("tokenize", "lines.jsonl", "--output", "b", "--tokenizer", "a/tokenizer")
    assert Manifest.read(Path("a")).vocab_size == 300
    assert np.array_equal(tokens_of(Path("a"), "train"), tokens_of(Path("b"), "train"))


def test_a_large_vocabulary_takes_32_bits(lines, tmp_path, leyden):
    words = {f"word{number}": number for number in range(70_000)} | {"[UNK]": 70_000}
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "words.json"))
    leyden("tokenize", "lines.jsonl", "--output", "out", "--tokenizer", "words.json")
    manifest = Manifest.read(Path("out"))
    assert (manifest.dtype, manifest.vocab_size, manifest.separator) == ("uint32", 70_002, 70_001)
    assert (tokens_of(Path("out"), "val") == 70_001).sum() == manifest.total("val", "documents")


COMMAND = (
    *("tokenize", "long.jsonl", "--output", "out", "--tokenizer", "bpe"),
    *("--vocab-size", "400", "--shard-tokens", "200000", "--workers", "2"),
)


def records():
    try:
        return {int(path.stem[-6:]) for path in Path("out").rglob("chunk-*.json")}
    except FileNotFoundError:  # it is done, and has just removed them
        return set()


def finished_files():
    """Shards, and chunks that have their record, with the time of the last change."""
    chunks = [Path("out/.tokenize") / f"{part}-{n:06}.bin" for n in records() for part in SPLITS]
    files = [*Path("out").glob("*.bin"), *chunks]
    return {path: path.stat().st_mtime_ns for path in files if path.exists()}


@pytest.mark.slow
def test_killed_at_any_time_it_goes_on_to_the_same_bytes_and_leaves_alone_what_was_done(
    leyden, commands
):
    text = "".join(json.dumps({"text": text}) + "\n" for text in DOCUMENTS)
    Path("long.jsonl").write_text(text * 100)
    leyden(*COMMAND)
    shutil.move("out", "undisturbed")
    num_kills = 0
    for number in range(20):
        finished, done = finished_files(), len(records())
        process = commands.start(*COMMAND[1:], verb=COMMAND[0])
        while process.poll() is None and len(records()) < done + 9:
            time.sleep(0.001 * number)
        process.kill()
        num_kills += process.wait() == -signal.SIGKILL
        now = finished_files()
        assert all(now.get(path, modified) == modified for path, modified in finished.items())
        if process.returncode == 0:
            break
    assert leyden(*COMMAND).status == 0
    assert num_kills > 3
    assert files_of("out") == files_of("undisturbed")


def test_interrupted_while_it_joins_it_goes_on_to_the_same_bytes(lines, leyden, monkeypatch):
    command = ("tokenize", "lines.jsonl", "--shard-tokens", "10000", "--workers", "1", "--output")
    leyden(*command, "undisturbed")
    write, written = tokenize.write_shard, []

    def interrupted_write(folder, shard, *rest):
        if written:
            raise KeyboardInterrupt
        write(folder, shard, *rest)
        written.append(folder / shard.name)

    monkeypatch.setattr(tokenize, "write_shard", interrupted_write)
    result = leyden(*command, "out")
    assert (result.status, written[0].exists()) == (75, True)
    assert "interrupted: the same command continues" in result.err
    monkeypatch.setattr(tokenize, "write_shard", write)
    modified = written[0].stat().st_mtime_ns
    assert leyden(*command, "out").status == 0
    assert written[0].stat().st_mtime_ns == modified
    assert files_of("out") == files_of("undisturbed")


def test_what_is_finished_is_left_alone(lines, leyden):
    command = ("tokenize", "lines.jsonl", "--output", "out")
    leyden(*command)
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")}
    assert leyden(*command).status == 0
    assert {path: path.stat().st_mtime_ns for path in Path("out").rglob("*")} == before
