import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.vocabulary import (
    UNKNOWN,
    BytePairs,
    Bytes,
    Characters,
    Vocabulary,
    trained_tokenizer,
    vocabulary_of,
)

few = settings(deadline=None, max_examples=40, derandomize=True)
texts = st.text(max_size=60)
RHYME = "Row, row, row your boat, gently down the stream.\n" * 20
each = pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])


@pytest.fixture(scope="module")
def pairs():
    return BytePairs(RHYME, 300)


@few
@given(text=texts)
def test_characters_of_the_text_make_a_round_trip(text):
    vocabulary = Characters(text)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@few
@given(text=texts)
def test_bytes_make_a_round_trip_for_any_text(text):
    assert Bytes().decode(Bytes().encode(text)) == text


@few
@given(text=texts)
def test_byte_pairs_make_a_round_trip_for_any_text(pairs, text):
    assert pairs.decode(pairs.encode(text)) == text


@settings(few, max_examples=15)
@given(known=texts, text=texts)
def test_byte_pairs_can_be_learned_from_any_text(known, text):
    vocabulary = BytePairs(known, 280)
    assert vocabulary.decode(vocabulary.encode(text)) == text


@few
@given(text=texts)
@each
def test_every_token_is_in_the_vocabulary(tokenizer, text):
    vocabulary = vocabulary_of(tokenizer, RHYME, size=300)
    assert all(0 <= token < len(vocabulary) for token in vocabulary.encode(text).tolist())


def test_character_tokens_are_places_in_the_sorted_alphabet_after_the_unknown():
    vocabulary = Characters("banana\N{SNOWMAN}")
    assert vocabulary.characters == UNKNOWN + "abn\N{SNOWMAN}"
    assert vocabulary.encode("nab\N{SNOWMAN}").tolist() == [3, 1, 2, 4]


@pytest.mark.parametrize("stranger", ["c", "\N{SNOWMAN}", "\ufffe", "\U0010ffff", "\x00", "\ud800"])
def test_characters_not_in_the_vocabulary_become_the_unknown_token(stranger):
    assert Characters("ab").encode(f"a{stranger}b").tolist() == [1, 0, 2]


def test_the_unknown_token_decodes_to_the_replacement_character():
    assert Characters("ab").decode(torch.tensor([1, 0, 2])) == f"a{UNKNOWN}b"


def test_byte_tokens_are_the_bytes_of_utf_8():
    assert Bytes().encode("a\N{EURO SIGN}").tolist() == [97, 0xE2, 0x82, 0xAC]


def test_bytes_that_are_no_text_decode_to_the_replacement_character():
    assert Bytes().decode(torch.tensor([97, 0xFF])) == f"a{UNKNOWN}"


@pytest.mark.parametrize(
    ("tokenizer", "text", "size", "length"),
    [
        ("character", "abcabc", 300, 4),
        ("byte", "abcabc", 300, 256),
        ("bpe", RHYME, 280, 280),
        ("bpe", "aaaa", 300, 258),  # the bytes, aa, and aaaa
    ],
)
def test_the_length_is_the_number_of_tokens(tokenizer, text, size, length):
    assert len(vocabulary_of(tokenizer, text, size=size)) == length


def test_the_first_pair_is_the_most_frequent_one():
    vocabulary = BytePairs("abab cab abd", 257)
    assert vocabulary.encode("ab").tolist() == [256]
    assert len(vocabulary.encode("ba ca bd")) == len("ba ca bd")


def test_byte_pairs_are_fewer_than_characters_on_text_like_what_they_were_learned_from(pairs):
    assert len(pairs.encode(RHYME)) < len(RHYME) / 2


@each
def test_the_same_text_gives_the_same_tokens(tokenizer):
    first = vocabulary_of(tokenizer, RHYME, size=300).encode("Row your boat")
    trained_tokenizer.cache_clear()
    again = vocabulary_of(tokenizer, RHYME, size=300).encode("Row your boat")
    assert torch.equal(first, again)


@each
@pytest.mark.parametrize("text", ["Row", ""])
def test_tokens_are_64_bit_integers_as_embeddings_want_them(tokenizer, text):
    assert vocabulary_of(tokenizer, RHYME, size=300).encode(text).dtype == torch.int64


@pytest.mark.parametrize(
    ("tokenizer", "kind"), [("character", Characters), ("byte", Bytes), ("bpe", BytePairs)]
)
def test_a_tokenizer_is_chosen_by_its_name(tokenizer, kind):
    vocabulary = vocabulary_of(tokenizer, RHYME, size=300)
    assert isinstance(vocabulary, kind)
    assert isinstance(vocabulary, Vocabulary)


def test_without_its_package_byte_pairs_name_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModuleNotFoundError, match=r"leyden\[bpe\]"):
        BytePairs("never seen before", 300)
