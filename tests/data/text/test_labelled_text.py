import csv
import shutil
import sys

import pandas as pd
import pytest
import torch
from transformers import AutoTokenizer

from leyden.data import BatchIndices, DataError, LabelledText
from tests.hf_models import byte_pairs, reviews, word_pieces, write_reviews


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of a tokenizer."""
    folder = tmp_path_factory.mktemp("tokenizer")
    word_pieces().save_pretrained(folder)
    return folder


@pytest.fixture
def data(saved, tmp_path):
    """Makes the data set of a table; without rows that of the reviews."""

    def make(rows=None, **options):
        file = tmp_path / "reviews.csv"
        if rows is None:
            write_reviews(file)
        else:
            with file.open("w", newline="") as opened:
                csv.writer(opened).writerows([("review", "label", "part"), *rows])
        given = {"path": str(file), "text": "review", "target": "label", "context": 12}
        return LabelledText(**{**given, "tokenizer": str(saved), "batch_size": 4, **options})

    return make


def whole(part):
    return part[BatchIndices(0, torch.arange(len(part)))]


def rows_with_parts(count=120):
    parts = ["train", "train", "val", "test"]
    return [(text, label, parts[n // 2 % 4]) for n, (text, label) in enumerate(reviews(count))]


def test_a_part_holds_the_tokens_of_its_texts_and_their_classes(data, saved):
    rows = rows_with_parts()
    splits = data(rows, split={"by": "part"}).splits
    theirs = AutoTokenizer.from_pretrained(saved)
    for name, part in splits:
        own = [row for row in rows if row[2] == name]
        texts = [text for text, *_ in own]
        wanted = theirs(texts, truncation=True, max_length=12, padding="max_length").input_ids
        tokens, labels = whole(part)
        assert sorted(tokens.tolist()) == sorted(wanted)
        assert tokens.dtype == torch.long
        assert dict(zip(map(tuple, tokens.tolist()), labels.tolist(), strict=True)) == {
            tuple(ids): ["neg", "pos"].index(label)
            for ids, (_, label, _) in zip(wanted, own, strict=True)
        }


def test_its_spec_is_a_classification_of_text(data):
    spec = data().spec
    assert (spec.kind, spec.task_name, spec.input_shape) == ("text", "classification", (12,))
    assert (spec.num_outputs, spec.class_names) == (2, ("neg", "pos"))
    assert (spec.padding, spec.vocab_size) == (0, len(data().vocabulary))
    assert spec.class_counts == (42, 42)


def test_rows_are_split_as_those_of_a_table_are(data):
    splits = data(split={"fractions": [0.5, 0.25, 0.25]}).splits
    assert [len(part) for _, part in splits] == [60, 30, 30]
    assert all(int(whole(part)[1].sum()) == len(part) // 2 for _, part in splits)
    folds = [data(split={"fold": f"{k}/5"}).splits for k in range(1, 6)]
    assert {len(one.test) for one in folds} == {18}
    assert sum(len(one.val) for one in folds) == 102


def test_parquet_holds_the_same_texts(data, tmp_path):
    frame = pd.DataFrame(reviews(120), columns=["review", "label"])
    frame.to_parquet(tmp_path / "reviews.parquet")
    one, other = data().splits, data(path=str(tmp_path / "reviews.parquet")).splits
    for (_, first), (_, second) in zip(one, other, strict=True):
        assert all(map(torch.equal, whole(first), whole(second)))


def test_texts_of_several_lines_and_with_separators_are_whole(data, saved):
    rows = [(f"{text}, and\n\nso; on", label, "") for text, label in reviews(40)]
    theirs = AutoTokenizer.from_pretrained(saved)
    wanted = theirs([row[0] for row in rows], max_length=30, padding="max_length").input_ids
    found = [ids for _, part in data(rows, context=30).splits for ids in whole(part)[0].tolist()]
    assert sorted(found) == sorted(wanted)


def test_how_many_texts_are_cut_is_said_first(data, saved):
    lengths = [len(ids) for ids in AutoTokenizer.from_pretrained(saved)(texts()).input_ids]
    cut = sum(length > 8 for length in lengths)
    assert 0 < cut < 120
    (note, *_) = data(context=8).report.notes
    assert note.startswith(f"{cut} of 120 texts are cut to 8 tokens, at their end; the longest")
    assert f"has {max(lengths)};" in note
    (note, *_) = data(context=64).report.notes
    assert note == f"no text is cut; the longest has {max(lengths)} tokens"


def texts():
    return [text for text, _ in reviews(120)]


def test_rows_without_a_text_or_a_class_are_left_out_and_counted(data):
    rows = [
        *rows_with_parts(60),
        ("", "pos", ""),
        ("  ", "neg", ""),
        ("nice", "", ""),
        ("", "", "test"),
    ]
    made = data(rows)
    assert made.splits.report.rows_left_out == {"without label": 2, "without review": 2}
    assert sum(len(part) for _, part in made.splits) == 60


def test_words_that_stand_for_nothing_are_left_out_where_they_are_named(data):
    rows = [*rows_with_parts(60), ("n/a", "pos", ""), ("good film", "n/a", "")]
    left_out = data(rows, missing=("n/a",)).splits.report.rows_left_out
    assert left_out == {"label is `n/a`": 1, "without review": 1}


def test_test_texts_that_are_trained_on_are_said(data):
    rows = rows_with_parts(60)
    copies = [(text, label, "test") for text, label, part in rows if part == "train"]
    report = data([*rows, *copies], split={"by": "part"}).splits.report
    (warning,) = report.warnings
    share = len(copies) / (len(copies) + sum(part == "test" for *_, part in rows))
    assert warning.startswith(f"{share:.0%} of the test texts are in the training part too")


def test_the_token_that_ends_a_text_fills_up_with_a_note(data, tmp_path):
    byte_pairs(has_ends=False).save_pretrained(tmp_path / "gpt2")
    made = data(tokenizer=f"hf:{tmp_path / 'gpt2'}")
    assert made.spec.padding == 0
    assert "filled up with `<|endoftext|>`, which ends a text" in made.report.notes[1]


@pytest.mark.parametrize(
    ("rows", "options", "key", "message"),
    [
        (None, {"text": "revew"}, "text", "did you mean `review`"),
        (None, {"target": "labels"}, "target", "did you mean `label`"),
        (None, {"target": "review"}, "target", "is the text; name that of the classes"),
        (None, {"tokenizer": None}, "tokenizer", r"data\.tokenizer=hf:FOLDER, or model=hf"),
        (None, {"tokenizer": "nowhere"}, "tokenizer", "neither a file nor a folder.*hf:NAME"),
        (None, {"tokenizer": "."}, "tokenizer", r"holds no tokenizer\.json"),
        (None, {"pad_token": "<none>"}, "tokenizer", "has no token `<none>`"),
        (None, {"context": 2}, "tokenizer", "must be more than that"),
        (
            [(n, "ab"[n % 2], "") for n in range(40)],
            {},
            "text",
            "column `review` holds numbers, no texts",
        ),
        ([("", "ab"[n % 2], "") for n in range(40)], {}, "text", "column `review` is empty"),
        (
            [(f"film {n}", f"class {n}", "") for n in range(40)],
            {},
            "target",
            "has 40 different values in 40 rows, too many for classes",
        ),
        ([(f"film {n}", "a", "") for n in range(40)], {}, "target", "has one value only"),
        ([(f"film {n}", "ab"[n % 2], "") for n in range(10)], {}, "path", "are too few"),
    ],
)
def test_what_can_not_be_classified_is_refused_with_its_key(rows, options, key, message, data):
    with pytest.raises(DataError, match=message) as caught:
        _ = data(rows, **options).splits
    assert caught.value.key == key


def test_a_missing_package_names_its_extra(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(DataError, match=r"pip install 'leyden\[hf\]'"):
        _ = data().splits


def test_the_copy_of_a_run_is_read_where_the_tokenizer_is_gone(data, saved, tmp_path):
    moved = shutil.copytree(saved, tmp_path / "moved")
    first = data(tokenizer=str(moved))
    rows, facts = whole(first.splits.train)[0], first.fingerprint()
    (tmp_path / "kept").mkdir()
    first.vocabulary.save(tmp_path / "kept")
    shutil.rmtree(moved)
    again = data(tokenizer=str(moved), kept_tokenizer=str(tmp_path / "kept"))
    assert torch.equal(whole(again.splits.train)[0], rows)
    assert again.fingerprint() == facts


def test_another_tokenizer_is_other_data(data, tmp_path):
    byte_pairs(has_ends=True).save_pretrained(tmp_path / "other")
    one = data().fingerprint()
    other = data(tokenizer=str(tmp_path / "other")).fingerprint()
    padded = data(pad_token="[UNK]").fingerprint()
    assert len({facts["tokenizer"] for facts in (one, other, padded)}) == 3
    assert one["content"] == other["content"]
