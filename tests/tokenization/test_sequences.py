import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from leyden.tokenization.sequences import read_sequence_tokenizer
from leyden.tokenization.tokenizer import TokenizerError
from tests.hf_models import byte_pairs, reviews, word_pieces

TEXTS = [text for text, _ in reviews(40)] + [
    "The FILM, it was nice!",
    "naïve 世界 \N{PILE OF POO}",
    "a" * 60,
    "x",
]


def write(tokenizer, folder, side):
    """Writes a tokenizer whose settings name the end that is cut off."""
    tokenizer.save_pretrained(folder)
    file = folder / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "truncation_side": side}))


def read_by_transformers(folder):
    """Fills short texts up with the token that ends one where there is no other, as for GPT-2."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


@pytest.mark.parametrize("length", [4, 12, 30])
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2"])
def test_rows_are_those_of_transformers(kind, side, length, tmp_path):
    theirs = word_pieces() if kind == "bert" else byte_pairs(has_ends=kind == "roberta")
    write(theirs, tmp_path, side)
    made = read_by_transformers(tmp_path)
    wanted = made(TEXTS, truncation=True, max_length=length, padding="max_length")
    found = read_sequence_tokenizer(tmp_path).encode(TEXTS, length=length)
    assert found.tokens.tolist() == wanted.input_ids
    lengths = [len(ids) for ids in theirs(TEXTS).input_ids]
    assert found.num_cut == sum(one > length for one in lengths)
    assert found.longest == max(lengths)
    assert found.empty == []


def test_what_is_saved_gives_the_same_rows(tmp_path):
    (tmp_path / "theirs").mkdir()
    write(word_pieces(), tmp_path / "theirs", "left")
    first = read_sequence_tokenizer(tmp_path / "theirs", pad_token="[UNK]")
    (tmp_path / "saved").mkdir()
    first.save(tmp_path / "saved")
    again = read_sequence_tokenizer(tmp_path / "saved")
    assert (again.padding, again.side) == ("[UNK]", "left")
    rows = [one.encode(TEXTS, length=9).tokens for one in (first, again)]
    assert np.array_equal(*rows)
    saved = [one.tokenizer.tokenizer.to_str() for one in (first, again)]
    assert saved[0] == saved[1]


def test_words_of_special_tokens_are_text(tmp_path):
    word_pieces().save_pretrained(tmp_path)
    (row,) = read_sequence_tokenizer(tmp_path).encode(["[PAD] [SEP]"], length=12).tokens
    assert (row[0], row[-1]) == (2, 0)
    assert row.tolist().count(3) == 1


def test_the_file_alone_names_the_token_that_it_fills_up_with(tmp_path):
    own = word_pieces().backend_tokenizer
    own.enable_padding(pad_id=0, pad_token="[PAD]")
    own.save(str(tmp_path / "my.json"))
    found = read_sequence_tokenizer(tmp_path / "my.json")
    assert (found.padding, found.padding_id, found.is_end_of_text) == ("[PAD]", 0, False)


def test_a_token_that_ends_a_text_stands_in_for_one_that_is_not_named(tmp_path):
    byte_pairs(has_ends=False).save_pretrained(tmp_path)
    found = read_sequence_tokenizer(tmp_path)
    assert (found.padding, found.is_end_of_text) == ("<|endoftext|>", True)


@pytest.mark.parametrize(
    ("pad_token", "message"),
    [(None, r"names no token .* data\.pad_token=TOKEN"), ("[PAD]", r"has no token `\[PAD\]`")],
)
def test_a_tokenizer_without_a_token_for_it_is_refused(pad_token, message, tmp_path):
    own = Tokenizer(models.WordLevel({"the": 0, "film": 1}, unk_token="the"))
    own.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(TokenizerError, match=message):
        read_sequence_tokenizer(tmp_path, pad_token=pad_token)


def test_texts_without_a_token_are_named(tmp_path):
    own = Tokenizer(models.WordLevel({"the": 0, "film": 1, "#": 2}, unk_token="#"))
    own.pre_tokenizer = pre_tokenizers.Whitespace()
    own.save(str(tmp_path / "tokenizer.json"))
    tokenizer = read_sequence_tokenizer(tmp_path, pad_token="#")
    found = tokenizer.encode(["the film", " ", "film", ""], length=3)
    assert found.empty == [1, 3]
    assert found.tokens.tolist() == [[0, 1, 2], [2, 2, 2], [1, 2, 2], [2, 2, 2]]


def test_a_length_that_special_tokens_use_up_is_refused(tmp_path):
    word_pieces().save_pretrained(tmp_path)
    with pytest.raises(TokenizerError, match=r"adds 2 tokens to each text; data\.context"):
        read_sequence_tokenizer(tmp_path).encode(["film"], length=2)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, r"holds no tokenizer\.json; `AutoTokenizer`"), ("{}", "can't be read as a tokenizer")],
)
def test_what_is_no_tokenizer_is_refused(content, message, tmp_path):
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": "x"}))
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(TokenizerError, match=message):
        read_sequence_tokenizer(tmp_path)
