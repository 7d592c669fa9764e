import sys

import pytest
import torch

from leyden.data.errors import DataError
from leyden.data.text.vocabulary import load_vocabulary, make_vocabulary

RHYME = "Row, row, row your boat, gently down the stream.\n" * 20
each = pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])


@each
@pytest.mark.parametrize("text", ["Row", ""])
def test_tokens_are_64_bit_integers_as_embeddings_want_them(tokenizer, text):
    assert make_vocabulary(tokenizer, RHYME, size=300).encode(text).dtype == torch.int64


@each
def test_tokens_of_a_text_decode_to_it(tokenizer):
    vocabulary = make_vocabulary(tokenizer, RHYME, size=300)
    assert vocabulary.decode(vocabulary.encode(RHYME)) == RHYME


@pytest.mark.parametrize(
    ("tokenizer", "length"), [("character", len(set(RHYME)) + 1), ("byte", 256), ("bpe", 280)]
)
def test_the_length_is_the_number_of_tokens(tokenizer, length):
    assert len(make_vocabulary(tokenizer, RHYME, size=280)) == length


@each
def test_a_saved_vocabulary_is_read_back(tokenizer, tmp_path):
    vocabulary = make_vocabulary(tokenizer, RHYME, size=300)
    vocabulary.save(tmp_path)
    again = load_vocabulary(tmp_path)
    named = make_vocabulary(str(tmp_path), "", size=300)
    assert again.encode(RHYME).tolist() == named.encode(RHYME).tolist()
    assert again.encode(RHYME).tolist() == vocabulary.encode(RHYME).tolist()


def test_an_unknown_tokenizer_is_unreadable_by_its_key():
    with pytest.raises(DataError, match=r"did you mean `character`\?") as raised:
        make_vocabulary("characters", RHYME, size=300)
    assert raised.value.key == "tokenizer"


def test_without_its_package_byte_pairs_name_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(DataError, match=r"leyden\[hf\]"):
        make_vocabulary("bpe", "never seen before", size=300)


def test_a_folder_without_a_vocabulary_is_unreadable(tmp_path):
    with pytest.raises(DataError, match="holds no tokenizer"):
        load_vocabulary(tmp_path)
