from math import log

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.batches import BatchIndices
from leyden.data.text.vocabulary import Vocabulary, make_vocabulary
from leyden.data.text.windows import NO_TARGET, TokenWindows, split_text, text_splits, unigram_nats
from leyden.tokenization.tokenizer import Bytes, Characters

few = settings(deadline=None, max_examples=40, derandomize=True)
SNOWY, BYTES = Vocabulary(Characters("ab\N{SNOWMAN}")), Vocabulary(Bytes())
TEXTS = {"train": "aab\N{SNOWMAN}", "val": "b\N{EURO SIGN}", "test": "aaa"}


def test_the_stream_of_windows_is_cut_by_hand():
    windows = TokenWindows(torch.arange(10, 18), context=3)
    inputs, targets = windows[BatchIndices(0, torch.tensor([1, 0]))]
    assert inputs.tolist() == [[13, 14, 15], [10, 11, 12]]
    assert targets.tolist() == [[14, 15, 16], [11, 12, 13]]


@few
@given(length=st.integers(0, 80), context=st.integers(1, 20))
def test_windows_predict_every_token_once_up_to_the_last_whole_window(length, context):
    windows = TokenWindows(torch.arange(length), context=context)
    inputs, targets = windows[BatchIndices(0, torch.arange(len(windows)))]
    assert inputs.flatten().tolist() == list(range(len(windows) * context))
    assert torch.equal(targets, inputs + 1)
    assert 0 <= max(length, 1) - 1 - len(windows) * context < context


def test_what_is_left_after_the_last_whole_window_is_evaluated_by_hand():
    windows = TokenWindows(torch.arange(10, 16), context=3, is_whole=True)
    inputs, targets = windows[BatchIndices(0, torch.tensor([0, 1]))]
    assert inputs.tolist() == [[10, 11, 12], [13, 14, 15]]
    assert targets.tolist() == [[11, 12, 13], [14, 15, NO_TARGET]]


@few
@given(length=st.integers(2, 80), context=st.integers(1, 20))
def test_an_evaluation_predicts_every_token_but_the_first_once(length, context):
    windows = TokenWindows(torch.arange(length), context=context, is_whole=True)
    inputs, targets = windows[BatchIndices(0, torch.arange(len(windows)))]
    real = targets != NO_TARGET
    assert targets[real].tolist() == list(range(1, length))
    assert torch.equal(inputs[real] + 1, targets[real])
    assert inputs.min() >= 0
    assert inputs.max() < length
    assert windows[BatchIndices(0, torch.tensor([len(windows) - 1]))][1][0, 0] != NO_TARGET


@pytest.mark.parametrize("length", [0, 1])
def test_of_one_token_nothing_can_be_evaluated(length):
    assert len(TokenWindows(torch.arange(length), context=3, is_whole=True)) == 0


def test_training_windows_are_whole_and_evaluations_complete():
    texts = dict.fromkeys(("train", "val", "test"), "0123456")
    parts = text_splits(texts, BYTES, context=4, stream=False)
    assert [len(part) for part in (parts.train, parts.val, parts.test)] == [1, 2, 2]


@pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])
@pytest.mark.parametrize("text", ["abab \N{EURO SIGN}\N{SNOWMAN} abab", "\N{EURO SIGN}ab"])
def test_bits_per_byte_of_a_coin_for_each_bit_are_counted_by_hand(tokenizer, text):
    """A model that gives each token p = 1/256 needs 8 bits for each token after the first."""
    vocabulary = make_vocabulary(tokenizer, "abab \N{SNOWMAN}", size=260)
    texts = dict.fromkeys(("train", "val", "test"), text)
    parts = text_splits(texts, vocabulary, context=4, stream=False)
    num_targets = len(vocabulary.encode(text)) - 1
    num_bytes = len(text.encode()) - vocabulary.bytes_of_first(text)
    _, targets = parts.val[BatchIndices(0, torch.arange(len(parts.val)))]
    assert int((targets != NO_TARGET).sum()) == num_targets
    loss_in_bits = 8.0
    bits_per_byte = loss_in_bits / parts.spec.bytes_per_token["val"]
    assert bits_per_byte == pytest.approx(8 * num_targets / num_bytes)


@pytest.mark.parametrize(
    ("tokens", "nats"),
    [
        ([5, 5, 5, 5], 0.0),
        ([0, 1, 2, 3], log(4)),
        ([0, 0, 0, 7], 0.75 * log(4 / 3) + 0.25 * log(4)),
    ],
)
def test_unigram_nats_are_the_entropy_computed_by_hand(tokens, nats):
    assert unigram_nats(torch.tensor(tokens)) == pytest.approx(nats)


@few
@given(text=st.text(max_size=100))
def test_the_parts_of_a_split_text_join_to_the_text(text):
    parts = split_text(text)
    assert list(parts) == ["train", "val", "test"]
    assert "".join(parts.values()) == text


@pytest.mark.parametrize(
    ("length", "sizes"), [(0, [0, 0, 0]), (20, [18, 1, 1]), (30, [27, 1, 2]), (200, [180, 10, 10])]
)
def test_a_text_is_split_by_hand(length, sizes):
    assert [len(part) for part in split_text("\N{SNOWMAN}" * length).values()] == sizes


@pytest.mark.parametrize(
    ("vocabulary", "expected"),
    [
        (SNOWY, {"train": 5 / 3, "val": 3 / 1, "test": 1.0}),  # all but the first token's
        (BYTES, {"train": 1.0, "val": 1.0, "test": 1.0}),
    ],
    ids=["character", "byte"],
)
def test_bytes_per_predicted_token_are_counted_by_hand(vocabulary, expected):
    assert text_splits(TEXTS, vocabulary, context=2, stream=False).spec.bytes_per_token == expected


def test_an_empty_part_has_no_bytes_per_token():
    parts = text_splits(TEXTS | {"val": ""}, BYTES, context=2, stream=False)
    assert parts.spec.bytes_per_token["val"] == 0
    assert len(parts.val) == 0


@pytest.mark.parametrize("stream", [True, False])
def test_a_texts_spec_is_that_of_its_vocabulary_and_windows(stream):
    spec = text_splits(TEXTS, SNOWY, context=2, stream=stream).spec
    assert (spec.kind, spec.input_shape, spec.num_outputs) == ("text", (2,), 4)
    assert spec.unigram_nats == pytest.approx(0.5 * log(2) + 0.5 * log(4))  # a a b snowman
    assert spec.is_stream is stream


def test_each_part_holds_its_own_tokens():
    parts = text_splits(TEXTS, SNOWY, context=2, stream=False)
    tokens = [part.tokens.tolist() for part in (parts.train, parts.val, parts.test)]
    assert tokens == [[1, 1, 2, 3], [2, 0], [1, 1, 1]]
