import json
import subprocess
import sys

import pytest
from huggingface_hub import constants
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from tokenizers.pre_tokenizers import ByteLevel

from leyden.tokenization.choice import choose_tokenizer, read_tokenizer
from leyden.tokenization.hugging_face import GPT2, train_bpe
from leyden.tokenization.tokenizer import SEPARATOR, TokenizerError

RHYME = "Row, row, row your boat, gently down the stream.\n" * 20
ALPHABET = sorted(ByteLevel.alphabet())


def write_pairs(folder):
    """A vocabulary of GPT-2's form: the bytes, two pairs of them, and the end of a text."""
    folder.mkdir(parents=True)
    tokens = [*ALPHABET, "ro", "row", SEPARATOR]
    (folder / "vocab.json").write_text(json.dumps({token: n for n, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\nr o\nro w\n")
    return folder


def test_a_folder_of_vocabulary_and_merges_is_read_by_hand(tmp_path):
    tokenizer = read_tokenizer(write_pairs(tmp_path / "gpt"))
    assert tokenizer.encode("row").tolist() == [257]
    assert tokenizer.encode("roar").tolist() == [256, ALPHABET.index("a"), ALPHABET.index("r")]
    assert (len(tokenizer), tokenizer.separator) == (259, 258)


def test_the_end_of_a_text_that_is_there_is_the_separator(tmp_path):
    tokenizer = read_tokenizer(write_pairs(tmp_path / "gpt"), has_separator=True)
    assert (len(tokenizer), tokenizer.separator) == (259, 258)


def test_gpt2_is_found_in_the_cache(tmp_path, monkeypatch):
    repository = tmp_path / f"models--{GPT2.replace('/', '--')}"
    write_pairs(repository / "snapshots" / "0123")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    tokenizer = choose_tokenizer("gpt2", list, size=0)
    assert tokenizer.encode("row").tolist() == [257]


def test_without_network_and_cache_gpt2_says_what_can_be_done(tmp_path):
    code = "from leyden.tokenization.hugging_face import gpt2; gpt2()"
    environment = {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    last = done.stderr.splitlines()[-1]
    assert "type the path of a folder that holds its vocab.json and merges.txt" in last


def word_tokenizer():
    """A tokenizer of words that would add to a text, change it, cut it off and fill it up."""
    words = {"[UNK]": 0, "row": 1, "boat": 2, "[CLS]": 7}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $0", special_tokens=[("[CLS]", 7)]
    )
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=10)
    return tokenizer


def test_nothing_is_added_to_a_text_or_cut_off(tmp_path):
    word_tokenizer().save(str(tmp_path / "words.json"))
    tokenizer = read_tokenizer(tmp_path / "words.json")
    assert tokenizer.encode("Row row BOAT row").tolist() == [1, 1, 2, 1]
    assert len(tokenizer) == 8  # ids have gaps
    assert tokenizer.bytes_of_first(" Row row") == 4


def test_a_tokenizer_without_an_end_of_text_gets_one(tmp_path):
    word_tokenizer().save(str(tmp_path / "words.json"))
    tokenizer = read_tokenizer(tmp_path / "words.json", has_separator=True)
    assert tokenizer.separator not in range(3)
    assert tokenizer.separator != 7
    assert tokenizer.separator < len(tokenizer)


@pytest.mark.parametrize(
    ("text", "size", "length"),
    [(RHYME, 280, 280), ("aaaa", 300, 258)],  # the bytes, aa, and aaaa
)
@pytest.mark.parametrize("has_separator", [True, False])
def test_byte_pairs_are_as_many_as_asked_or_as_there_are(text, size, length, has_separator):
    given = min(size, length + has_separator)
    assert len(train_bpe([text], size, has_separator=has_separator)) == given


def test_the_first_pair_is_the_most_frequent_one():
    tokenizer = train_bpe(["abab cab abd"], 257)
    assert tokenizer.encode("ab").tolist() == [256]
    assert len(tokenizer.encode("ba ca bd")) == len("ba ca bd")


def test_byte_pairs_are_fewer_than_characters_on_text_like_what_they_were_learned_from():
    assert len(train_bpe([RHYME], 300).encode(RHYME)) < len(RHYME) / 2


def test_the_same_texts_give_the_same_tokens():
    first, again = (train_bpe([RHYME], 300).encode("Row your boat").tolist() for _ in range(2))
    assert first == again


@pytest.mark.parametrize("files", [{}, {"vocab.json": "{}"}, {"README.md": ""}])
def test_a_folder_without_a_tokenizer_says_what_it_would_have(files, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(TokenizerError, match=r"would have tokenizer\.json, or vocab\.json and"):
        read_tokenizer(tmp_path)


@pytest.mark.parametrize(
    "files",
    [{"tokenizer.json": "{"}, {"tokenizer.json": "{}"}, {"vocab.json": "[", "merges.txt": ""}],
)
def test_a_damaged_tokenizer_is_refused_in_a_line(files, tmp_path):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(TokenizerError, match=r"can't be read as a tokenizer") as raised:
        read_tokenizer(tmp_path)
    assert "\n" not in str(raised.value)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(TokenizerError, match=r"did you mean `byte`\?"):
        choose_tokenizer("bytes", list, size=0)


@pytest.mark.parametrize(("name", "package"), [("bpe", "tokenizers"), ("gpt2", "huggingface_hub")])
def test_a_missing_package_is_named_with_its_extra(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(TokenizerError, match=r"leyden\[hf\]"):
        choose_tokenizer(name, lambda: ["text"], size=300)
