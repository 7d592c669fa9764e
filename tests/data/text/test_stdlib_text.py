import sysconfig

import pytest
import torch

from leyden.data import StdlibText
from leyden.data.batches import BatchIndices
from leyden.data.text.stdlib_text import read_corpus

SIZE = 200_000


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A standard library of forty files of 100 bytes, and some that are none of it."""
    for number in range(40):
        (tmp_path / f"m{number:02}.py").write_text(f"{number:02}".ljust(100, "x"))
    for folder in ("test", "site-packages", "json/tests"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("left out")
    (tmp_path / "notes.txt").write_text("left out")
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    read_corpus.cache_clear()
    yield tmp_path
    read_corpus.cache_clear()


def numbers(text):
    return [int(file[:2]) for file in text.splitlines()]


def test_of_twenty_files_one_validates_and_one_tests(library):
    corpus = read_corpus(10_000)
    assert numbers(corpus["val"]) == [10, 30]
    assert numbers(corpus["test"]) == [19, 39]
    assert numbers(corpus["train"]) == [n for n in range(40) if n not in (10, 30, 19, 39)]


def test_tests_and_installed_packages_are_left_out(library):
    assert not any("left out" in text for text in read_corpus(10_000).values())


def test_a_smaller_corpus_takes_whole_files_evenly(library):
    corpus = read_corpus(2_000)
    taken = sorted(n for text in corpus.values() for n in numbers(text))
    assert taken == list(range(1, 40, 2))


def test_bytes_that_are_not_utf_8_are_read_as_unknown(library):
    (library / "m00.py").write_bytes(b"00\xff".ljust(100, b"x"))
    assert read_corpus(10_000)["train"].startswith("00\N{REPLACEMENT CHARACTER}x")


@pytest.fixture(scope="module", params=["character", "byte", "bpe"])
def data(request):
    options = {"tokenizer": request.param, "vocab_size": 400, "max_bytes": SIZE}
    return StdlibText(batch_size=8, context=32, **options)


def test_the_corpus_is_nearly_as_large_as_asked():
    num_bytes = sum(len(text.encode()) for text in read_corpus(SIZE).values())
    assert 0.75 * SIZE < num_bytes <= 1.01 * SIZE


def test_the_parts_decode_to_the_corpus(data):
    for part, text in read_corpus(SIZE).items():
        windows = getattr(data.splits, part)
        assert data.vocabulary.decode(windows.tokens)[:500] == text[:500]


def test_every_token_is_in_the_specs_vocabulary(data):
    for part in (data.splits.train, data.splits.val, data.splits.test):
        assert part.tokens.min() >= 0
        assert part.tokens.max() < data.spec.num_outputs == len(data.vocabulary)


def test_training_text_has_no_unknown_characters():
    data = StdlibText(batch_size=8, max_bytes=SIZE)
    assert (data.splits.train.tokens > 0).all()


def test_a_batch_has_the_specs_context(data):
    inputs, targets = data.splits.val[BatchIndices(0, torch.arange(4))]
    assert inputs.shape == targets.shape == (4, *data.spec.input_shape)


def test_bytes_per_token_turn_the_predicted_tokens_of_a_part_into_its_bytes(data):
    for part, text in read_corpus(SIZE).items():
        num_targets = len(getattr(data.splits, part).tokens) - 1
        num_bytes = len(text.encode()) - data.vocabulary.bytes_of_first(text)
        assert data.spec.bytes_per_token[part] * num_targets == pytest.approx(num_bytes)


def test_byte_pairs_are_as_many_as_asked():
    data = StdlibText(batch_size=8, tokenizer="bpe", vocab_size=300, max_bytes=SIZE)
    assert data.spec.num_outputs == len(data.vocabulary) == 300


@pytest.mark.parametrize("stream", [True, False])
def test_batches_go_on_where_the_last_ended_if_the_user_wants_it(stream):
    assert StdlibText(batch_size=8, stream=stream, max_bytes=SIZE).spec.is_stream is stream


def test_a_byte_is_one_byte():
    data = StdlibText(batch_size=8, tokenizer="byte", max_bytes=SIZE)
    assert data.spec.bytes_per_token == {"train": 1.0, "val": 1.0, "test": 1.0}


def test_two_readings_are_the_same(data):
    first = data.splits.train.tokens
    read_corpus.cache_clear()
    assert torch.equal(data.load().train.tokens, first)
