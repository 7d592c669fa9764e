import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leyden.data import DataError, Shakespeare, Text, Tokens
from leyden.data.batches import BatchIndices
from leyden.data.report import DataReport
from leyden.data.text import plain_text
from leyden.data.text.corpus import load_corpus
from leyden.data.text.windows import NO_TARGET

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
    assert data.splits.val.tokens.tolist() == [0]


def test_byte_pairs_are_as_many_as_asked():
    assert make(write("a.txt"), tokenizer="bpe", vocab_size=270).spec.num_outputs == 270


def test_a_saved_tokenizer_is_named_by_its_path(tmp_path):
    known = make(write("a.txt"), tokenizer="bpe", vocab_size=270)
    known.vocabulary.save(tmp_path)
    named = make(write("b.txt", "To be!"), tokenizer=str(tmp_path))
    assert named.spec.num_outputs == 270
    assert torch.equal(named.vocabulary.encode(TEXT), known.vocabulary.encode(TEXT))


def test_a_tokenizer_that_is_not_there_is_refused_by_its_key():
    with pytest.raises(DataError, match=r"did you mean `byte`\?") as raised:
        make(write("a.txt"), tokenizer="bytes").load()
    assert raised.value.key == "tokenizer"


@pytest.mark.parametrize("part", ["val", "test"])
def test_all_of_a_held_out_part_but_its_first_token_is_evaluated(part):
    data = make(write("a.txt"), tokenizer="byte", context=8)
    samples = getattr(data.splits, part)
    _, targets = samples[BatchIndices(0, torch.arange(len(samples)))]
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


def test_bytes_that_are_not_utf_8_are_refused_with_the_encoding_that_fits():
    Path("a.txt").write_bytes(b"caf\xe9 " * 40)
    with pytest.raises(DataError, match=r"40 of its bytes.*type data\.encoding=cp1252") as raised:
        make().load()
    assert raised.value.key == "encoding"
    assert whole(make(encoding="cp1252")) == "caf\xe9 " * 40


def test_binary_files_of_a_folder_are_left_out_with_a_count():
    write("folder/a", TEXT)
    Path("folder/photo.png").write_bytes(b"\x89PNG\0\0")
    write("folder/.hidden")
    data = make("folder")
    assert whole(data) == TEXT
    assert data.splits.report.files_left_out == {"hidden": 1, "binary, ending .png": 1}


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-be"]
LINES = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}


def own_bytes(text, start, encoding):
    """Bytes of a file that a stretch of its text has, computed by its encoding alone."""
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    mark = len("".encode(encoding)) if start == 0 else 0
    return len(text.encode(codec)) + mark


@pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])
@pytest.mark.parametrize("ends", LINES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_bytes_per_token_are_those_of_the_file(encoding, ends, tokenizer):
    text = LINES[ends].join(f"Größer ging {number} über Straßen" for number in range(60))
    Path("a.txt").write_bytes(text.encode(encoding))
    said = encoding if encoding in ("cp1252", "utf-16-be") else None
    data = make(tokenizer=tokenizer, vocab_size=300, encoding=said)
    parts, start = data.splits, 0
    assert whole(data) == text
    for name, part in parts:
        own = own_bytes(data.texts[name], start, encoding)
        first = data.vocabulary.decode(part.tokens[:1])
        if "\N{REPLACEMENT CHARACTER}" in first:  # half of a character, of two bytes of UTF-8
            first_bytes = own_bytes(data.texts[name][0], start, encoding) / 2
        else:
            first_bytes = own_bytes(first, start, encoding)
        predicted = parts.spec.bytes_per_token[name] * (len(part.tokens) - 1)
        assert predicted == pytest.approx(own - first_bytes)
        start += len(data.texts[name])
    sizes = [int(one.replace(",", "")) for one in parts.report.source["bytes"].split(" + ")]
    assert sum(sizes) == Path("a.txt").stat().st_size
    assert ends in parts.report.source["line ends"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("ends", LINES)
def test_data_text_and_tokenize_read_the_same_characters(ends, encoding, leyden, tmp_path):
    text = LINES[ends].join(f"Größer ging {number} über Straßen" for number in range(60))
    Path("a.txt").write_bytes(text.encode(encoding))
    said = encoding if encoding in ("cp1252", "utf-16-be") else None
    options = ("--encoding", said) if said else ()
    out = str(tmp_path / "out")
    command = ("tokenize", "a.txt", "--output", out, "--val-share", "0.1", *options)
    assert leyden(*command, "--test-share", "0.1").status == 0
    shards = Tokens(path=out, context=8, batch_size=2)
    streams = [part.tokens for _, part in shards.splits]
    tokens = torch.cat([one[torch.arange(len(one))[None]][0] for one in streams])
    decoded = bytes(tokens[tokens < 256].tolist()).decode()
    assert decoded == whole(make(encoding=said)) == text
    total = sum(shards.manifest.total(part, "bytes") for part in ("train", "val", "test"))
    assert total == Path("a.txt").stat().st_size


def test_characters_that_train_does_not_have_are_warned_of():
    report = make(write("a.txt", "ab" * 450 + "abcd" * 25)).splits.report
    assert report.warnings == [
        "48 % of the characters of val are not in train",  # 24 of 50
        "52 % of the characters of test are not in train",
    ]
    assert make(write("a.txt")).splits.report.warnings == []


@pytest.mark.parametrize("tokenizer", ["character", "byte", "bpe"])
@settings(max_examples=20)
@given(st.text(st.sampled_from("ab ö\n\r"), min_size=60, max_size=90), st.data())
def test_what_is_trained_on_does_not_depend_on_later_parts(tokenizer, text, data):
    end = int(0.9 * len(text))
    assume(len(set(text[:end])) > 1 and not text.isspace())
    size = len(text) - end
    other = data.draw(st.text(st.sampled_from("xyz\N{SNOWMAN}"), min_size=size, max_size=size))
    trained = []
    for number, whole_text in enumerate((text, text[:end] + other)):
        Path(f"{number}.txt").write_text(whole_text, newline="")
        part = make(f"{number}.txt", tokenizer=tokenizer, vocab_size=270).load()
        trained.append((part.train.tokens.tolist(), part.spec.num_outputs))
    assert trained[0] == trained[1]


def test_joined_files_keep_the_bytes_of_each():
    Path("folder").mkdir()
    contents = ["ä\n".encode("utf-8-sig"), "öö".encode("utf-16"), b"", "ü".encode()]
    for number, content in enumerate(contents):
        Path(f"folder/{number}").write_bytes(content)
    joined = load_corpus(Path("folder"), None, DataReport())
    assert joined.text == "ä\n\nöö\nü"
    assert joined.num_bytes(0, len(joined.text)) == sum(map(len, contents))
    assert [joined.num_bytes(place, place + 1) for place in range(7)] == [5, 1, 0, 4, 2, 0, 2]
    assert joined.bytes_of_token(3, 1) == 2  # half of the 2 + 2 bytes of mark and character


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a" * 999 + b"\0b", "a NUL byte at offset 999"),
        (b"\x1f\x8b\x08\0\0", r"packed \(gzip\); unpack it"),
        (b"%PDF-1.7 a", "no text but a PDF"),
        (b"\0\1\2\3" * 9, "no text but binary"),
        (b"a" * 5000, "there is nothing to learn"),
        (b" \n" * 3000, "holds no text but blanks"),
        (("über " * 99).encode() + b"\xff", "1 of its bytes .*iconv"),
    ],
)
def test_what_is_no_text_is_refused_in_a_line(content, message):
    Path("a.txt").write_bytes(content)
    with pytest.raises(DataError, match=message) as raised:
        make().load()
    assert raised.value.key == "path"
    assert "\n" not in str(raised.value)


def test_utf_16_without_a_mark_is_refused_with_its_name():
    for encoding in ("utf-16-le", "utf-16-be"):
        Path("a.txt").write_bytes(TEXT.encode(encoding))
        with pytest.raises(DataError, match=f"type data.encoding={encoding}"):
            make().load()
        assert whole(make(encoding=encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["cp9999", "rot13", "hex", "utf7", "utf_16_le"])
def test_an_encoding_that_does_not_fit_is_refused_by_its_key(encoding):
    write("a.txt", "\ufeff" + TEXT)
    with pytest.raises(DataError) as raised:
        make(encoding=encoding).load()
    assert raised.value.key == "encoding"


def test_the_users_home_may_be_named_by_its_sign(monkeypatch):
    monkeypatch.setenv("HOME", "home")
    write("home/a.txt", "at home")
    assert whole(make("~/a.txt")) == "at home"


@pytest.mark.parametrize("files", [[], ["a.txt"], ["a.txt/b", "a.txt/c"], ["a.txt/.b"]])
def test_what_holds_no_text_is_refused(files):
    for name in files:
        write(name, "hidden" if "." in Path(name).name[0] else "")
    with pytest.raises(DataError, match=r"a\.txt holds no text") as raised:
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
    with pytest.raises(DataError, match=r"SHA-256 differs.*; say data\.path=FILE"):
        shakespeare().fetch()
    assert [path.name for path in Path("data").iterdir()] == [".shakespeare.lock"]


def test_a_source_that_is_gone_says_what_can_be_done(source):
    source.unlink()
    with pytest.raises(DataError, match=r"put the file input\.txt into data/shakespeare"):
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
    with pytest.raises(DataError) as raised:
        shakespeare(path="nowhere.txt").fetch()
    assert raised.value.key == "path"


def folder_of(contents):
    Path("folder").mkdir()
    for name, content in contents.items():
        Path("folder", name).write_bytes(content)


def test_files_of_a_folder_in_utf_8_stay_so_beside_others():
    words = "für Größe, Käse und Öl\n" * 40
    folder_of({"a.txt": words.encode("cp1252"), "b.txt": words.encode()})
    with pytest.raises(DataError, match=r"type data\.encoding=cp1252"):
        _ = make("folder").splits
    data = make("folder", encoding="cp1252")
    _ = data.splits
    assert "".join(data.texts.values()) == f"{words}\n{words}"
    assert data.report.notes == ["1 files are in UTF-8, and read so, not as cp1252"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin_1", "cp1251", "koi8_r", "mac_roman"])
@settings(max_examples=20)
@given(st.text(st.sampled_from("abcäöüßéжщ\n"), min_size=60, max_size=90))
def test_a_file_in_utf_8_is_not_read_in_an_encoding_of_one_byte(encoding, text):
    Path("a.txt").write_bytes(f"ä{text}".encode())
    with pytest.raises(DataError, match="is in UTF-8, where it has `ä`") as raised:
        _ = make(encoding=encoding).splits
    assert raised.value.key == "encoding"
    assert str(raised.value).endswith("type data.encoding=utf-8")
    assert "".join(make(encoding="utf-8").texts.values()) == f"ä{text}"


@pytest.mark.parametrize("encoding", ["gbk", "shift_jis", "euc_kr"])
def test_encodings_of_several_bytes_are_believed(encoding):
    text = {"gbk": "联通", "shift_jis": "ﾃｽﾄ日本", "euc_kr": "한국"}[encoding] * 30
    Path("a.txt").write_bytes(text.encode(encoding))
    assert "".join(make(encoding=encoding).texts.values()) == text


@pytest.mark.parametrize(
    ("copies", "warns"), [(("a.txt", "c.txt"), True), (("a.txt", "b.txt"), False), ((), False)]
)
def test_the_same_text_in_train_and_test_is_warned_of(copies, warns):
    random = np.random.default_rng(0)
    texts = {
        name: " ".join(f"w{one}" for one in random.integers(0, 999, size))
        for name, size in (("a.txt", 300), ("b.txt", 6000), ("c.txt", 300))
    }
    for name in copies[1:]:
        texts[name] = texts[copies[0]].replace(" ", "\r\n")
    texts |= {"b2.txt": " ".join(f"v{one}" for one in random.integers(0, 999, 6000))}
    folder_of({name: text.encode() for name, text in texts.items()})
    data = make("folder", tokenizer="byte")
    _ = data.splits
    expected = ["2 files have the same text as another, as `a.txt` and `c.txt`: what is evaluated"]
    assert [one.split(" is trained")[0] for one in data.report.warnings] == expected * warns
