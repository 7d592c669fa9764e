import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.tokenization.choice import choose_tokenizer, read_tokenizer
from leyden.tokenization.hugging_face import train_bpe
from leyden.tokenization.tokenizer import (
    SEPARATOR,
    UNKNOWN,
    Bytes,
    Characters,
    Tokenizer,
    TokenizerError,
    read_vocabulary,
    well_formed,
)

few = settings(max_examples=40, derandomize=True)
texts = st.text(st.characters(codec="utf-8"), max_size=60)
halves = st.sampled_from(["\ud800", "\udbff", "\udc00", "\udfff"])
emoji = st.sampled_from(["\U0001f600", "\U0001f468\u200d\U0001f469", "e\N{COMBINING ACUTE ACCENT}"])
any_texts = st.lists(texts | halves | emoji, max_size=6).map("".join)
RHYME = "Row, row, row your boat, gently down the stream.\n" * 20
NAMES = ["character", "byte", "bpe"]
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def pairs():
    return train_bpe([RHYME], 300)


def made(name, text=RHYME, **options):
    return choose_tokenizer(name, lambda: [text], size=300, **options)


@few
@given(text=any_texts)
def test_characters_of_the_text_make_a_round_trip(text):
    assert Characters(text).decode(Characters(text).encode(text)) == well_formed(text)


@few
@given(text=any_texts)
def test_bytes_make_a_round_trip_for_any_text(text):
    assert Bytes().decode(Bytes().encode(text)) == well_formed(text)


@few
@given(text=any_texts)
def test_byte_pairs_make_a_round_trip_for_any_text(pairs, text):
    assert pairs.decode(pairs.encode(text)) == well_formed(text)


@few
@given(text=texts)
def test_text_without_halves_of_surrogate_pairs_is_well_formed(text):
    assert well_formed(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\ud800b", f"a{UNKNOWN}b"),
        ("\udc00", UNKNOWN),
        ("\ud83d\ude00", "\U0001f600"),  # two halves, as JSON writes them
        ("\ufeffa", "\ufeffa"),
    ],
)
def test_half_of_a_surrogate_pair_becomes_unknown(text, expected):
    assert well_formed(text) == expected


@settings(few, max_examples=15)
@given(known=texts, text=texts)
def test_byte_pairs_can_be_learned_from_any_text(known, text):
    tokenizer = train_bpe([known], 280)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@few
@given(text=any_texts)
@each
def test_every_token_of_a_text_is_in_the_vocabulary_and_none_is_the_separator(name, text):
    tokenizer = made(name, has_separator=True)
    tokens = set(tokenizer.encode(text).tolist())
    assert tokens <= set(range(len(tokenizer))) - {tokenizer.separator}


@each
def test_the_separator_is_one_more_token_that_decodes_to_its_name(name):
    tokenizer = made(name, has_separator=True)
    assert isinstance(tokenizer, Tokenizer)
    assert tokenizer.separator == len(tokenizer) - 1
    assert tokenizer.decode([tokenizer.separator]) == SEPARATOR
    assert made(name).separator is None


@each
def test_the_name_of_the_separator_in_a_text_does_not_end_it(name):
    tokenizer = made(name, RHYME + SEPARATOR, has_separator=True)
    tokens = tokenizer.encode(f"Row{SEPARATOR}row").tolist()
    assert tokenizer.separator not in tokens
    assert tokenizer.decode(tokens) == f"Row{SEPARATOR}row"


@each
def test_a_saved_tokenizer_is_read_back(name, tmp_path):
    tokenizer = made(name, RHYME + "\N{SNOWMAN}", has_separator=True)
    tokenizer.save(tmp_path)
    again = read_tokenizer(tmp_path)
    text = "Row \N{SNOWMAN}, row"
    assert again.encode(text).tolist() == tokenizer.encode(text).tolist()
    assert (len(again), again.separator) == (len(tokenizer), tokenizer.separator)


@each
def test_a_saved_tokenizer_can_be_given_a_separator(name, tmp_path):
    made(name).save(tmp_path)
    assert read_tokenizer(tmp_path).separator is None
    assert read_tokenizer(tmp_path, has_separator=True).separator == len(made(name))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("character", "\N{EURO SIGN}a", 3),
        ("character", "\N{SNOWMAN}a", 3),  # not in the vocabulary
        ("byte", "\N{EURO SIGN}a", 1),
        ("bpe", "\N{EURO SIGN}a", 1),
        ("bpe", "row your boat", 3),
        *((name, "", 0) for name in NAMES),
    ],
)
def test_bytes_of_the_first_token_are_counted_by_hand(name, text, expected):
    assert made(name).bytes_of_first(text) == expected


def test_character_tokens_are_places_in_the_sorted_alphabet_after_the_unknown():
    tokenizer = Characters("banana\N{SNOWMAN}")
    assert tokenizer.characters == UNKNOWN + "abn\N{SNOWMAN}"
    assert tokenizer.encode("nab\N{SNOWMAN}").tolist() == [3, 1, 2, 4]


@pytest.mark.parametrize("stranger", ["c", "\N{SNOWMAN}", "\ufffe", "\U0010ffff", "\x00", "\ud800"])
def test_characters_not_in_the_vocabulary_become_the_unknown_token(stranger):
    tokenizer = Characters("ab")
    assert tokenizer.encode(f"a{stranger}b").tolist() == [1, 0, 2]
    assert tokenizer.decode([1, 0, 2]) == f"a{UNKNOWN}b"


def test_byte_tokens_are_the_bytes_of_utf_8():
    assert Bytes().encode("a\N{EURO SIGN}").tolist() == [97, 0xE2, 0x82, 0xAC]


def test_bytes_that_are_no_text_decode_to_the_replacement_character():
    assert Bytes().decode([97, 0xFF]) == f"a{UNKNOWN}"


@pytest.mark.parametrize("saved", ["", "[]", "{}", '{"kind": "word", "has_separator": false}'])
def test_what_is_no_saved_vocabulary_is_refused(saved, tmp_path):
    (tmp_path / "vocabulary.json").write_text(saved)
    with pytest.raises(TokenizerError, match=r"vocabulary\.json is "):
        read_vocabulary(tmp_path / "vocabulary.json")


def test_a_saved_vocabulary_is_plain_json(tmp_path):
    Characters("ba").save(tmp_path)
    saved = json.loads((tmp_path / "vocabulary.json").read_text())
    assert saved == {"kind": "character", "known": "ab", "has_separator": False}
