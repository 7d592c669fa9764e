from math import log

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.loader import Draw
from leyden.data.text import UNKNOWN, TokenWindows, Vocabulary, unigram_nats

few = settings(deadline=None, max_examples=40, derandomize=True)
texts = st.text(max_size=60)


@few
@given(text=texts)
def test_characters_make_a_round_trip(text):
    vocabulary = Vocabulary.of("character", text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@few
@given(text=texts)
def test_bytes_make_a_round_trip_for_any_text(text):
    vocabulary = Vocabulary.of("byte", "")
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_character_tokens_are_places_in_the_sorted_alphabet_after_the_unknown():
    vocabulary = Vocabulary.of("character", "banana\N{SNOWMAN}")
    assert vocabulary.characters == UNKNOWN + "abn\N{SNOWMAN}"
    assert vocabulary.encode("nab\N{SNOWMAN}").tolist() == [3, 1, 2, 4]


@pytest.mark.parametrize("stranger", ["c", "\N{SNOWMAN}", "\U0010ffff", "\x00"])
def test_characters_not_in_the_vocabulary_become_the_unknown_token(stranger):
    vocabulary = Vocabulary.of("character", "ab")
    assert vocabulary.encode(f"a{stranger}b").tolist() == [1, 0, 2]
    assert vocabulary.decode(torch.tensor([1, 0, 2])) == f"a{UNKNOWN}b"


def test_byte_tokens_are_the_bytes_of_utf_8():
    assert Vocabulary.of("byte", "").encode("a\N{EURO SIGN}").tolist() == [97, 0xE2, 0x82, 0xAC]


@pytest.mark.parametrize(("tokenizer", "length"), [("character", 4), ("byte", 256)])
def test_the_length_is_the_number_of_tokens(tokenizer, length):
    assert len(Vocabulary.of(tokenizer, "abcabc")) == length


@pytest.mark.parametrize("tokenizer", ["character", "byte"])
def test_tokens_are_64_bit_integers_as_embeddings_want_them(tokenizer):
    assert Vocabulary.of(tokenizer, "abc").encode("abc").dtype == torch.int64


def test_bytes_that_are_no_text_decode_to_the_replacement_character():
    assert Vocabulary.of("byte", "").decode(torch.tensor([97, 0xFF])) == f"a{UNKNOWN}"


def test_the_stream_of_windows_is_cut_by_hand():
    windows = TokenWindows(torch.arange(10, 18), context=3)
    inputs, targets = windows[Draw(0, torch.tensor([1, 0]))]
    assert inputs.tolist() == [[13, 14, 15], [10, 11, 12]]
    assert targets.tolist() == [[14, 15, 16], [11, 12, 13]]


@few
@given(length=st.integers(0, 80), context=st.integers(1, 20))
def test_windows_predict_every_token_once_up_to_the_last_whole_window(length, context):
    windows = TokenWindows(torch.arange(length), context=context)
    inputs, targets = windows[Draw(0, torch.arange(len(windows)))]
    assert inputs.flatten().tolist() == list(range(len(windows) * context))
    assert torch.equal(targets, inputs + 1)
    assert 0 <= max(length, 1) - 1 - len(windows) * context < context


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
