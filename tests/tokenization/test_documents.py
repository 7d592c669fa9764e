import json
from collections import Counter
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from leyden.tokenization import documents, sources
from leyden.tokenization.documents import Range, cut_near, read_pieces
from leyden.tokenization.hugging_face import train_bpe
from leyden.tokenization.sources import SourceError, find_sources, source_of
from leyden.tokenization.tokenizer import UNKNOWN, well_formed

few = settings(max_examples=40, derandomize=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("documents")


def write_jsonl(path, written, key="text"):
    path.write_text("".join(json.dumps({"n": 1, key: text}) + "\n" for text in written))
    return source_of(path, key)


def write_parquet(path, written, **options):
    parquet.write_table(pa.table({"n": range(len(written)), "text": written}), path, **options)
    return source_of(path, "text")


def read(source, cuts, text_key="text"):
    """All documents of a source that is read in ranges, each as a text."""
    ends = [0, *sorted(cuts), source.length]
    found = []
    for start, stop in pairwise(ends):
        is_beginning = start == 0 if source.kind == "text" else True
        place = Range(source, start, stop, is_beginning=is_beginning)
        for piece in read_pieces(place, text_key):
            if piece.is_beginning:
                found.append("")
            found[-1] += piece.text
    return found


def places(source):
    return st.lists(st.integers(0, source.length), max_size=5, unique=True)


@few
@given(written=st.lists(texts, min_size=1, max_size=8), data=st.data())
def test_ranges_of_json_lines_that_meet_give_each_document_once(folder, written, data):
    source = write_jsonl(folder / "a.jsonl", written)
    assert read(source, data.draw(places(source))) == [text for text in written if text]


@few
@given(
    written=st.lists(texts | st.none(), min_size=1, max_size=8),
    rows=st.integers(1, 5),
    data=st.data(),
)
def test_ranges_of_parquet_that_meet_give_each_document_once(folder, written, rows, data):
    table = pa.table({"text": pa.array(written, pa.string())})
    parquet.write_table(table, folder / "a.parquet", row_group_size=rows)
    source = source_of(folder / "a.parquet", "text")
    assert read(source, data.draw(places(source))) == [text for text in written if text]


@few
@given(text=texts.filter(bool), data=st.data())
def test_ranges_of_a_text_that_meet_give_all_of_it(folder, text, data):
    (folder / "a.txt").write_text(text, newline="")
    source = source_of(folder / "a.txt", "text")
    assert read(source, data.draw(places(source))) == [text]


@pytest.mark.parametrize("form", ["a.txt", "a.jsonl", "a.parquet"])
def test_a_long_document_comes_in_pieces_that_join_to_it(form, folder, monkeypatch):
    monkeypatch.setattr(documents, "PIECE_BYTES", 50)
    text = "It was a dark and stormy night \N{SNOWMAN}; " * 20
    write = {"a.txt": Path.write_text, "a.jsonl": write_jsonl, "a.parquet": write_parquet}[form]
    write(folder / form, text if form == "a.txt" else [text])
    pieces = list(read_pieces(Range(source_of(folder / form, "text"), 0, 10**6), "text"))
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.is_beginning for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert all(len(piece.text.encode()) <= 50 + 10 for piece in pieces)
    assert len({piece.key for piece in pieces}) == 1


@few
@given(text=texts, place=st.integers(0, 100))
def test_a_text_is_never_cut_within_a_character(text, place):
    data = text.encode()
    end = cut_near(BytesIO(data), place, len(data))
    assert min(place, len(data)) <= end <= len(data)
    assert data[:end].decode() + data[end:].decode() == text


def test_a_text_is_cut_at_the_end_of_a_word():
    assert cut_near(BytesIO(b"Row your boat"), 1, 13) == len("Row")
    assert cut_near(BytesIO(b"Row your boat"), 4, 13) == len("Row your")


@few
@given(
    words=st.lists(st.sampled_from(["row", " ", "  ", "\n", "\r\n", "\t", "boat", "3", "!", ". "])),
    place=st.integers(1, 60),
)
def test_a_cut_at_the_end_of_a_word_changes_no_token(words, place):
    text = "".join(words)
    cut = cut_near(BytesIO(text.encode()), place, len(text))
    if cut < len(text) and text[cut - 1].isalnum() and text[cut].isspace():
        whole = TOKENIZER.encode(text).tolist()
        halves = [TOKENIZER.encode(half).tolist() for half in (text[:cut], text[cut:])]
        assert halves[0] + halves[1] == whole


TOKENIZER = train_bpe(["row  row\n\n row \t boat!\r\n\r\n3 33  3. . .\n" * 20], 330)


def test_halves_of_surrogate_pairs_in_json_become_unknown(folder):
    (folder / "a.jsonl").write_text('{"text": "a\\ud800b"}\n')
    assert read(source_of(folder / "a.jsonl", "text"), []) == [f"a{UNKNOWN}b"]
    assert well_formed("a\ud800b") == f"a{UNKNOWN}b"


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
ENCODINGS += ["cp1252", "latin_1", "koi8_r", "shift_jis", "gb18030", "big5", "euc_kr"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(few, max_examples=15)  # of each encoding
@given(data=st.data())
def test_ranges_of_a_text_that_meet_give_all_of_it_in_every_encoding(folder, encoding, data):
    codec = encoding.removesuffix("-sig")
    # Some characters of Asian encodings are decoded to others.
    excluded = "\0\ufeff\xa5\u203e\u3164"
    some = st.characters(codec=codec, exclude_characters=excluded, exclude_categories=["Cs"])
    words = st.text(some, max_size=12) | st.sampled_from(["row", " ", "\n", "\r\n", "\U0001f6a3"])
    written = "".join(data.draw(st.lists(words, min_size=1, max_size=12)))
    written = written.encode(codec, "ignore").decode(codec)
    assume(written and written.encode(codec).decode(codec) == written)
    (folder / "a.txt").write_bytes(written.encode(encoding))
    source = source_of(folder / "a.txt", "text", encoding)
    assert read(source, data.draw(places(source))) == [written]
    pieces = read_pieces(Range(source, 0, source.length), "text")
    assert sum(piece.num_bytes for piece in pieces) == (folder / "a.txt").stat().st_size


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_long_text_is_cut_between_characters_in_every_encoding(folder, encoding, monkeypatch):
    monkeypatch.setattr(documents, "PIECE_BYTES", 50)
    line = {"cp1252": "über schöne Wege", "latin_1": "über schöne Wege", "koi8_r": "по реке"}
    text = "\n".join(
        [line.get(encoding, "舟を漕げ row" if "euc" not in encoding else "노를 저어라")] * 90
    )
    (folder / "a.txt").write_bytes(text.encode(encoding))
    source = source_of(folder / "a.txt", "text", encoding)
    pieces = list(read_pieces(Range(source, 0, source.length), "text"))
    assert "".join(piece.text for piece in pieces) == text
    assert len(pieces) > 10
    assert len({piece.key for piece in pieces}) == 1


@pytest.mark.parametrize("encoding", ENCODINGS[:7])
def test_the_same_text_has_the_same_key_in_every_encoding(folder, encoding):
    keys = set()
    for name in ("utf-8", encoding):
        (folder / "a.txt").write_bytes("Row \N{SNOWMAN}".encode(name))
        source = source_of(folder / "a.txt", "text", name)
        keys |= {piece.key for piece in read_pieces(Range(source, 0, source.length), "text")}
    assert len(keys) == 1


def test_bytes_of_a_text_that_are_not_utf_8_are_refused_with_the_encoding_that_fits(folder):
    (folder / "a.txt").write_bytes(b"caf\xe9")
    with pytest.raises(SourceError, match=r"1 of its bytes \(25 %\).*type --encoding cp1252"):
        source_of(folder / "a.txt", "text")
    assert read(source_of(folder / "a.txt", "text", "cp1252"), []) == ["caf\xe9"]


@pytest.mark.parametrize("content", [b"\xff", b"\0"])
def test_what_was_not_checked_before_is_refused_when_it_is_read(content, folder, monkeypatch):
    monkeypatch.setattr(sources, "CHECKED_BYTES", 9000)
    (folder / "a.txt").write_bytes(b"a" * 9999 + content)
    with pytest.raises(SourceError, match="at offset 9,999"):
        read(source_of(folder / "a.txt", "text"), [])


def test_lines_of_json_may_have_a_mark_or_an_encoding_of_their_own(folder):
    line = '{"text": "caf\xe9"}\n'
    for encoding, wanted in (("utf-8-sig", None), ("cp1252", "cp1252")):
        (folder / "a.jsonl").write_bytes(line.encode(encoding))
        assert read(source_of(folder / "a.jsonl", "text", wanted), []) == ["caf\xe9"]
    (folder / "a.jsonl").write_bytes(line.encode("utf-16"))
    with pytest.raises(SourceError, match="lines of JSON are read as UTF-8"):
        source_of(folder / "a.jsonl", "text")


def test_line_ends_stay_as_they_are(folder):
    (folder / "a.txt").write_bytes(b"a\r\nb\rc\n")
    assert read(source_of(folder / "a.txt", "text"), []) == ["a\r\nb\rc\n"]


def test_empty_lines_null_and_empty_texts_are_left_out(folder):
    lines = ['{"text": "a"}', "", '{"text": ""}', " ", '{"text": null}', '{"text": "b"}']
    (folder / "a.jsonl").write_text("\n".join(lines))
    assert read(source_of(folder / "a.jsonl", "text"), []) == ["a", "b"]


def test_the_same_text_has_the_same_key_in_every_form(folder):
    (folder / "a.txt").write_text("Row \N{SNOWMAN}")
    sources = [
        source_of(folder / "a.txt", "text"),
        write_jsonl(folder / "a.jsonl", ["Row \N{SNOWMAN}"]),
        write_parquet(folder / "a.parquet", ["Row \N{SNOWMAN}"]),
    ]
    keys = [next(read_pieces(Range(s, 0, s.length), "text")).key for s in sources]
    assert len(set(keys)) == 1


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_what_was_read_adds_up_to_the_length(form, folder):
    write = {"jsonl": write_jsonl, "parquet": write_parquet}[form]
    source = write(folder / f"a.{form}", [f"text {n}" * n for n in range(1, 30)])
    read_length = sum(p.length for p in read_pieces(Range(source, 0, source.length), "text"))
    assert 0.9 * source.length < read_length <= source.length


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (['{"text": "a"}', "{"], "line 2, is not JSON"),
        (['{"text": "a"}', "", '["b"]'], "line 3, is JSON but not of the form"),
        (['{"body": "a", "id": 1}'], "type --text-key with one of body, id"),
        (['{"text": 3}'], "line 1, has no text under `text`"),
    ],
)
def test_a_line_that_is_no_document_is_refused_by_its_number(lines, message, folder):
    (folder / "a.jsonl").write_text("\n".join(lines))
    with pytest.raises(SourceError, match=message):
        read(source_of(folder / "a.jsonl", "text"), [])


def test_a_parquet_file_without_the_column_names_those_that_it_has(folder):
    write_parquet(folder / "a.parquet", ["a"])
    with pytest.raises(SourceError, match="type --text-key with one of n, text"):
        source_of(folder / "a.parquet", "body")
    with pytest.raises(SourceError, match="holds int64 in `n`, no text"):
        source_of(folder / "a.parquet", "n")


def test_a_damaged_parquet_file_is_refused(folder):
    source = write_parquet(folder / "a.parquet", [f"row {n}" * 50 for n in range(50)])
    data = bytearray((folder / "a.parquet").read_bytes())
    data[10 : len(data) // 2] = bytes(len(data) // 2 - 10)
    (folder / "a.parquet").write_bytes(data)
    with pytest.raises((SourceError, OSError)):
        read(source, [])


def test_what_is_no_parquet_file_is_refused(folder):
    (folder / "b.parquet").write_text("text")
    with pytest.raises(SourceError, match="can't be read as Parquet"):
        source_of(folder / "b.parquet", "text")


@pytest.mark.parametrize("place", [0, 5000])
def test_a_file_that_is_no_text_is_refused(place, folder):
    (folder / "a.bin").write_bytes(b"a" * place + b"\0")
    with pytest.raises(SourceError, match="is no text"):
        read(source_of(folder / "a.bin", "text"), [])


def test_binary_files_of_a_folder_are_left_out_with_a_count_and_links_followed(tmp_path):
    for name, content in {
        "in/a.txt": b"a text",
        "in/photo.PNG": b"\x89PNG\0\0",
        "in/a.txt.gz": b"\x1f\x8b\x08",
        "in/.hidden": b"hidden",
        "elsewhere/b.txt": b"b text",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere")
    left_out = Counter()
    found = find_sources(["in"], "text", leave_out=Path("out"), left_out=left_out)
    assert [source.path for source in found] == ["in/a.txt", "in/more/b.txt"]
    assert left_out == {"binary, ending .png": 1, "packed (gzip), ending .gz": 1, "hidden": 1}


def test_a_packed_file_is_refused_with_what_it_is(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(SourceError, match=r"a\.gz is no text but packed \(gzip\); unpack it"):
        find_sources(["a.gz"], "text", leave_out=Path("out"))


def test_a_folders_files_are_taken_in_the_order_of_their_names_without_hidden_ones(tmp_path):
    for name in ("b.txt", "a.md", "sub/c", ".hidden", ".git/b", "sub/.b"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(name)
    (tmp_path / "in" / "empty").touch()
    (tmp_path / "in" / "gone").symlink_to("nowhere")
    sources = find_sources(["in", "in/b.txt"], "text", leave_out=Path("out"))
    assert [source.path for source in sources] == ["in/a.md", "in/b.txt", "in/sub/c"]


@pytest.mark.parametrize(("name", "message"), [("no", "neither a file nor"), (".", "no text")])
def test_where_nothing_can_be_read_it_is_said(name, message, tmp_path):
    with pytest.raises(SourceError, match=message):
        find_sources([name], "text", leave_out=Path("out"))
