"""Shards that `leyden tokenize` made, as data to train on."""

import json
import pickle
from math import log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import DataError, Tokens
from leyden.data.batches import BatchIndices, BatchSampler
from leyden.data.loader import Loader
from leyden.data.text.tokens import Shards, mapped
from leyden.data.text.windows import NO_TARGET, TokenWindows

WORDS = ["row", "your", "boat", "gently", "down", "the", "stream", "\N{SNOWMAN}"]
DOCUMENTS = [" ".join(WORDS[: 1 + number % 8]) + f" {number}" for number in range(100)]
OPTIONS = ("--val-share", "0.1", "--test-share", "0.2", "--shard-tokens", "400")


@pytest.fixture(autouse=True)
def shards(leyden):
    """A folder of bytes in several shards."""
    lines = [json.dumps({"text": text}) for text in DOCUMENTS]
    Path("in.jsonl").write_text("\n".join(lines))
    leyden("tokenize", "in.jsonl", "--output", "shards", *OPTIONS)


def make(path="shards", **options):
    return Tokens(path=path, **{"batch_size": 4, "context": 32, **options})


def stream_of(part):
    """All tokens of a part, read plainly."""
    files = sorted(Path("shards").glob(f"{part}-*.bin"))
    return np.concatenate([np.fromfile(file, "<u2") for file in files]).tolist()


def test_each_training_token_but_the_first_and_the_rest_is_a_target_once():
    data, stream = make(), stream_of("train")
    assert len(list(Path("shards").glob("train-*.bin"))) > 3
    inputs, targets = data.splits.train[BatchIndices(0, torch.arange(len(data.splits.train)))]
    num_targets = (len(stream) - 1) // 32 * 32
    assert inputs.flatten().tolist() == stream[:num_targets]
    assert targets.flatten().tolist() == stream[1 : num_targets + 1]


@pytest.mark.parametrize("part", ["val", "test"])
def test_an_evaluation_predicts_all_but_the_first_token(part):
    samples = getattr(make().splits, part)
    _, targets = samples[BatchIndices(0, torch.arange(len(samples)))]
    assert targets[targets != NO_TARGET].tolist() == stream_of(part)[1:]


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_bytes_per_token_turn_the_predicted_tokens_into_the_bytes_of_the_documents(part):
    data, stream = make(), stream_of(part)
    texts = bytes(token for token in stream if token != 256)
    separators = stream.count(256)
    assert len(texts) + separators == len(stream)
    num_bytes = data.spec.bytes_per_token[part] * (len(stream) - 1)
    assert num_bytes == pytest.approx(len(texts))


def test_bits_per_byte_of_one_byte_documents_are_counted_by_hand(leyden):
    """Ten documents of two bytes: a separator and two bytes each, in all but the first predicted.

    A model of 257 equally likely tokens needs log2(257) bits for each of 3 * 10 - 1 targets.
    """
    for number in range(30):
        Path(f"two/{number}.txt").parent.mkdir(exist_ok=True)
        Path(f"two/{number}.txt").write_text(f"{number:02}")
    shares = ("--val-share", "0.3333", "--test-share", "0.3333")
    leyden("tokenize", "two", "--output", "out", *shares)
    spec = make("out").spec
    bits_per_byte = log(257) / log(2) / spec.bytes_per_token["val"]
    assert bits_per_byte == pytest.approx(log(257) / log(2) * 29 / 20)


def test_the_spec_is_that_of_the_manifest():
    spec = make(context=16, stream=True).spec
    assert (spec.kind, spec.input_shape, spec.num_outputs) == ("text", (16,), 257)
    assert spec.is_stream
    counts = np.bincount(stream_of("train"))
    shares = counts[counts > 0] / counts.sum()
    assert spec.unigram_nats == pytest.approx(-(shares * np.log(shares)).sum())


def test_documents_are_to_be_hidden_from_each_other_if_the_user_wants_it():
    assert make(mask_documents=True).spec.separator == 256
    assert make().spec.separator is None


def test_the_vocabulary_is_the_one_that_was_kept():
    data = make()
    beginning = data.splits.val.tokens[torch.arange(10)[None]][0]
    assert data.vocabulary.decode(beginning).startswith("<|endoftext|>row")
    assert len(data.vocabulary) == data.spec.num_outputs


def damage(what):
    shard = sorted(Path("shards").glob("train-*.bin"))[2]
    manifest = Path("shards/manifest.json")
    if what == "a shard is gone":
        shard.unlink()
    elif what == "a shard is cut off":
        shard.write_bytes(shard.read_bytes()[:-2])
    elif what == "a byte differs":
        shard.write_bytes(b"\1" + shard.read_bytes()[1:])
    elif what == "the manifest is cut off":
        manifest.write_text(manifest.read_text()[:-20])
    elif what == "the manifest is gone":
        manifest.unlink()
    elif what == "it is not finished":
        manifest.unlink()
        Path("shards/.tokenize").mkdir()
    elif what == "another version":
        manifest.write_text(manifest.read_text().replace('"schema": 1', '"schema": 2'))
    elif what == "a shard of another folder":
        manifest.write_text(manifest.read_text().replace(shard.name, f"../{shard.name}"))


DAMAGES = {
    "a shard is gone": r"train-00002\.bin is not there",
    "a shard is cut off": r"train-00002\.bin is \d+ bytes long, not \d+",
    "a byte differs": r"the SHA-256 of train-00002\.bin differs",
    "the manifest is cut off": r"manifest\.json is damaged",
    "the manifest is gone": r"holds no manifest\.json, which `leyden tokenize` writes last",
    "it is not finished": r"is not finished; type the same `leyden tokenize` again",
    "another version": r"is of another version",
    "a shard of another folder": r"manifest\.json is damaged",
}


@pytest.mark.parametrize(("what", "message"), DAMAGES.items(), ids=DAMAGES)
def test_a_damaged_folder_is_refused_in_a_line(what, message, leyden):
    damage(what)
    with pytest.raises(DataError, match=message) as raised:
        make(verify=True).load()
    assert raised.value.key == "path"
    result = leyden("plan", "data=tokens", "data.path=shards", "data.verify=true", "model=gpt")
    assert result.status == 2
    assert result.err.count("error:") == 1


def test_what_is_in_the_files_is_verified_only_if_the_user_wants_it():
    damage("a byte differs")
    assert len(make().load().train) > 0


def test_an_empty_part_says_what_to_type(leyden):
    Path("tiny.txt").write_text("row")
    leyden("tokenize", "tiny.txt", "--output", "tiny")
    with pytest.raises(DataError, match="tokenize with a larger --val-share"):
        make("tiny").load()


@pytest.mark.parametrize("tokenizer", ["byte", "bpe"])
def test_a_run_trains_on_shards_and_is_evaluated_alike(tokenizer, leyden):
    options = (*OPTIONS, "--tokenizer", tokenizer, "--vocab-size", "300")
    leyden("tokenize", "in.jsonl", "--output", tokenizer, *options)
    small = ("model=gpt", "model.width=8", "model.depth=1", "data.num_workers=0")
    result = leyden(
        *("train", "data=tokens", f"data.path={tokenizer}", "data.context=16", *small),
        *("trainer.max_steps=3", "trainer.log_every_n_steps=1", "trainer.accelerator=cpu"),
    )
    record = json.loads((result.folder / "run.json").read_text())
    assert record["status"] == "completed"
    evaluated = json.loads(leyden("eval", str(result.folder), "--json").out)
    assert evaluated == {name: record["metrics"][name] for name in evaluated}


few = settings(max_examples=40, derandomize=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shards")


def write(folder, lengths, dtype="uint16"):
    """Shards of the given lengths that together hold 0, 1, 2, ..."""
    mapped.cache_clear()
    start, files = 0, []
    for number, length in enumerate(lengths):
        files.append(folder / f"{number}.bin")
        np.arange(start, start + length, dtype=np.dtype(dtype).newbyteorder("<")).tofile(files[-1])
        start += length
    return Shards(files, lengths, dtype=dtype)


lengths = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@few
@given(lengths=lengths, places=st.data())
def test_tokens_are_those_of_the_files_one_after_the_other(folder, lengths, places):
    shards = write(folder, lengths)
    assert len(shards) == sum(lengths)
    place = st.lists(st.integers(0, len(shards) - 1), min_size=3, max_size=3)
    wanted = torch.tensor(places.draw(st.lists(place, min_size=1, max_size=5)))
    assert torch.equal(shards[wanted], wanted)


@few
@given(lengths=lengths, context=st.integers(1, 9), is_whole=st.booleans())
def test_windows_over_the_borders_of_shards_are_those_of_a_plain_loop(
    folder, lengths, context, is_whole
):
    shards = write(folder, lengths)
    windows = TokenWindows(shards, context=context, is_whole=is_whole)
    tokens = list(range(sum(lengths)))
    expected = []
    for start in range(0, len(tokens) - 1, context):
        targets = tokens[start + 1 : start + context + 1]
        if is_whole or len(targets) == context:
            expected.append(targets + [NO_TARGET] * (context - len(targets)))
    assert len(windows) == len(expected)
    if expected:
        inputs, targets = windows[BatchIndices(0, torch.arange(len(windows)))]
        assert targets.tolist() == expected
        assert torch.equal(inputs[targets != NO_TARGET] + 1, targets[targets != NO_TARGET])


@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_epoch_predicts_each_token_once_whatever_reads_ahead(folder, num_workers):
    windows = TokenWindows(write(folder, [50, 1, 30, 20]), context=9)
    order = BatchSampler(len(windows), batch_size=1, shuffle=True, seed=0)
    targets = torch.cat([batch[1] for batch in Loader(windows, order, num_workers=num_workers)])
    assert sorted(targets.flatten().tolist()) == list(range(1, 100))
    assert targets.flatten().tolist() != list(range(1, 100))


def test_what_is_sent_to_another_process_holds_no_tokens(folder):
    shards = write(folder, [100_000], "uint32")
    shards[torch.tensor([[0]])]
    assert len(pickle.dumps(shards)) < 1000


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_tokens_of_either_type_are_64_bit_integers_as_embeddings_want_them(dtype, folder):
    tokens = write(folder, [5], dtype)[torch.tensor([[1, 2]])]
    assert tokens.dtype == torch.int64
    assert tokens.tolist() == [[1, 2]]


def test_no_files_hold_no_tokens():
    assert len(Shards([], [], dtype="uint16")) == 0
