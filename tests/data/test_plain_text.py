import hashlib
from pathlib import Path

import pytest
import torch

from leyden.data import Shakespeare, Text, Unreadable, plain_text
from leyden.data.loader import Draw
from leyden.data.text import NO_TARGET

TEXT = "To be, or not to be: that is the question.\n" * 20


def write(name, text=TEXT):
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def make(path="a.txt", **options):
    return Text(path=str(path), **({"batch_size": 4, "context": 8} | options))


def whole(data):
    return "".join(data.texts.values())


@pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])
def test_the_parts_decode_to_the_file(tokenizer):
    data = make(write("a.txt"), tokenizer=tokenizer, vocab_size=300)
    parts = data.load()
    decoded = [data.vocabulary.decode(p.tokens) for p in (parts.train, parts.val, parts.test)]
    assert decoded == [TEXT[:774], TEXT[774:817], TEXT[817:]]  # of 860 characters


def test_the_vocabulary_is_that_of_the_training_part():
    data = make(write("a.txt", "ab" * 9 + "cd"))
    assert data.spec.num_outputs == len("ab") + 1
    assert data.parts.val.tokens.tolist() == [0]


def test_byte_pairs_are_as_many_as_asked():
    assert make(write("a.txt"), tokenizer="bpe", vocab_size=270).spec.num_outputs == 270


def test_a_saved_tokenizer_is_named_by_its_path(tmp_path):
    known = make(write("a.txt"), tokenizer="bpe", vocab_size=270)
    known.vocabulary.save(tmp_path)
    named = make(write("b.txt", "To be!"), tokenizer=str(tmp_path))
    assert named.spec.num_outputs == 270
    assert torch.equal(named.vocabulary.encode(TEXT), known.vocabulary.encode(TEXT))


def test_a_tokenizer_that_is_not_there_is_refused_by_its_key():
    with pytest.raises(Unreadable, match=r"did you mean `byte`\?") as raised:
        make(write("a.txt"), tokenizer="bytes").load()
    assert raised.value.key == "tokenizer"


@pytest.mark.parametrize("part", ["val", "test"])
def test_all_of_a_held_out_part_but_its_first_token_is_evaluated(part):
    data = make(write("a.txt"), tokenizer="byte", context=8)
    samples = getattr(data.parts, part)
    _, targets = samples[Draw(0, torch.arange(len(samples)))]
    assert bytes(targets[targets != NO_TARGET].tolist()).decode() == data.texts[part][1:]


@pytest.mark.parametrize("stream", [True, False])
def test_batches_go_on_where_the_last_ended_if_the_user_wants_it(stream):
    assert make(write("a.txt"), stream=stream).spec.is_stream is stream


def test_a_folders_files_are_joined_in_the_order_of_their_names():
    for name in ("b.txt", "a.md", "sub/c", "sub/a"):
        write(f"folder/{name}", name)
    assert whole(make("folder")) == "a.md\nb.txt\nsub/a\nsub/c"


@pytest.mark.parametrize("hidden", [".b", ".git/b", "sub/.b", "sub/.c/b"])
def test_hidden_files_are_left_out(hidden):
    write("folder/a", "shown")
    write(f"folder/{hidden}", "hidden")
    assert whole(make("folder")) == "shown"


def test_a_folder_below_a_hidden_one_is_read():
    assert whole(make(write(".cache/folder/a", "shown").parent)) == "shown"


def test_bytes_that_are_not_utf_8_are_read_as_unknown():
    Path("a.txt").write_bytes(b"caf\xe9")
    assert whole(make()) == "caf\N{REPLACEMENT CHARACTER}"


def test_the_users_home_may_be_named_by_its_sign(monkeypatch):
    monkeypatch.setenv("HOME", "home")
    write("home/a.txt", "at home")
    assert whole(make("~/a.txt")) == "at home"


@pytest.mark.parametrize("files", [[], ["a.txt"], ["a.txt/b", "a.txt/c"], ["a.txt/.b"]])
def test_what_holds_no_text_is_refused(files):
    for name in files:
        write(name, "hidden" if "." in Path(name).name[0] else "")
    with pytest.raises(Unreadable, match=r"a\.txt holds no text") as raised:
        make().load()
    assert raised.value.key == "path"


def shakespeare(**options):
    return Shakespeare(batch_size=4, **options)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The plays at another address, and a folder for them that is empty."""
    file = write(tmp_path / "there" / "plays")
    monkeypatch.setenv("LEYDEN_DATA", "data")
    monkeypatch.setattr(plain_text, "SHAKESPEARE_URL", file.as_uri())
    sha = hashlib.sha256(TEXT.encode()).hexdigest()
    monkeypatch.setattr(plain_text, "SHAKESPEARE_SHA256", sha)
    return file


def test_shakespeare_is_read_from_a_file_that_is_here():
    data = shakespeare(path=str(write("plays")), context=8)
    assert data.is_here()
    assert whole(data) == TEXT


def test_shakespeare_is_fetched_into_the_data_folder(source):
    data = shakespeare(context=8)
    assert not data.is_here()
    data.prepare_data()
    assert data.is_here()
    assert Path("data/shakespeare/input.txt").read_text() == whole(data) == TEXT


def test_another_text_than_shakespeares_is_refused(source):
    source.write_text("To be, or to be?")
    with pytest.raises(Unreadable, match=r"SHA-256 differs.*; say data\.path=FILE"):
        shakespeare().fetch()
    assert [path.name for path in Path("data").iterdir()] == [".shakespeare.lock"]


def test_a_source_that_is_gone_says_what_can_be_done(source):
    source.unlink()
    with pytest.raises(Unreadable, match=r"put the file input\.txt into data/shakespeare"):
        shakespeare().fetch()


@pytest.mark.parametrize(
    ("tokenizer", "num_tokens"),
    [
        ("character", 65 + 1),
        ("byte", 256),
        ("bpe", 1000),
        ("gpt2", 50257),
    ],  # nanoGPT: 65 different characters
)
def test_shakespeares_spec_is_known_before_it_is_here(tokenizer, num_tokens, source):
    options = {"tokenizer": tokenizer, "vocab_size": 1000, "context": 32, "stream": True}
    spec = shakespeare(**options).spec
    assert (spec.kind, spec.input_shape, spec.num_outputs) == ("text", (32,), num_tokens)
    assert spec.is_stream


def test_shakespeares_spec_by_a_saved_tokenizer_is_known_before_it_is_here(source, tmp_path):
    make(write("a.txt"), tokenizer="bpe", vocab_size=270).vocabulary.save(tmp_path)
    assert shakespeare(tokenizer=str(tmp_path)).spec.num_outputs == 270


def test_shakespeares_training_samples_are_known_before_it_is_here(source):
    assert shakespeare(context=1).train_samples == 1_003_854 - 1  # nanoGPT: 1,003,854 tokens


def test_a_shakespeare_that_is_not_where_the_user_says_is_refused():
    with pytest.raises(Unreadable) as raised:
        shakespeare(path="nowhere.txt").fetch()
    assert raised.value.key == "path"
