"""What a user of `leyden tokenize` is told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def files(tmp_path):
    for number in range(9):
        path = tmp_path / "in" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Row {number} your boat")
    lines = [json.dumps({"body": f"row {number}", "id": number}) for number in range(9)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    (tmp_path / "two.jsonl").write_text("\n".join(lines[:2]))
    (tmp_path / "broken.jsonl").write_text("\n".join([*lines, "{"]))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "mine").mkdir()


WRONG = {
    "no source": (["--output", "out"], "SOURCE"),
    "no output": (["in"], "--output"),
    "a source that is not there": (["nowhere", "--output", "out"], "nowhere is neither a file"),
    "no text": (["photo.png", "--output", "out"], "photo.png is no text"),
    "an unknown option": (["in", "--output", "out", "--vocab", "300"], "--vocab"),
    "an unknown tokenizer": (
        ["in", "--output", "out", "--tokenizer", "gpt"],
        "--tokenizer=gpt: is neither a tokenizer's name nor a file or folder; did you mean `gpt2`?",
    ),
    "a folder without a tokenizer": (
        ["in", "--output", "out", "--tokenizer", "mine"],
        "--tokenizer=mine: holds no tokenizer; it would have tokenizer.json",
    ),
    "too few tokens": (["in", "--output", "out", "--vocab-size", "256"], "from 257 on, not 256"),
    "half a worker": (["in", "--output", "out", "--workers", "0.5"], "--workers: must be a whole"),
    "a word for a number": (["in", "--output", "out", "--shard-tokens", "many"], "--shard-tokens"),
    "too large a share": (["in", "--output", "out", "--val-share", "1"], "between 0 and 1, not 1"),
    "shares of all": (
        ["in", "--output", "out", "--val-share", "0.5", "--test-share", "0.5"],
        "leave nothing to train on",
    ),
    "a key that is not there": (["in.jsonl", "--output", "out"], "--text-key with one of body, id"),
    "a line that is no JSON": (
        ["broken.jsonl", "--output", "out", "--text-key", "body"],
        "broken.jsonl, line 10, is not JSON",
    ),
    "too few documents": (
        ["two.jsonl", "--output", "out", "--text-key", "body"],
        "two.jsonl holds 2 different documents; a split needs three",
    ),
    "a file in the place of the folder": (["in", "--output", "photo.png"], "is a file"),
    "a folder of something else": (["in", "--output", "full"], "holds something else"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_request_is_refused_in_a_line_and_nothing_is_written(arguments, message, leyden):
    before = sorted(Path().rglob("*"))
    result = leyden("tokenize", *arguments)
    assert result.status == 2
    errors = [line for line in result.err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert message in errors[0]
    assert sorted(Path().rglob("*")) == before


OTHER = {
    "another tokenizer": (["in", "--tokenizer", "character"], "--tokenizer byte, not character"),
    "other shares": (["in", "--val-share", "0.2"], "--val-share 0.005, not 0.2"),
    "one more source": (["in", "two.jsonl", "--text-key", "body"], "--text-key text, not body"),
    "another source": (["in/1.txt", "in/2.txt", "in/3.txt"], "was begun with in/0.txt"),
    "another order": (["in/1.txt", "in"], "was begun"),
}


@pytest.mark.parametrize(("arguments", "message"), OTHER.values(), ids=OTHER)
def test_another_request_for_the_same_folder_is_refused_with_the_difference(
    arguments, message, leyden
):
    assert leyden("tokenize", "in", "--output", "out").status == 0
    result = leyden("tokenize", *arguments, "--output", "out")
    assert result.status == 2
    assert message in result.err


def test_a_source_that_was_changed_since_is_named(leyden):
    leyden("tokenize", "in", "--output", "out")
    Path("in/3.txt").write_text("Row three")
    result = leyden("tokenize", "in", "--output", "out")
    assert result.status == 2
    assert "was begun before in/3.txt was changed" in result.err


def test_help_is_shown_and_imports_nothing_heavy():
    code = (
        "import sys; from leyden.cli import main; main(['tokenize', '--help']);"
        "print({'torch', 'numpy', 'rich', 'tokenizers', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--shard-tokens" in done.stdout
    assert done.stdout.splitlines()[-1] == "set()"


def test_tokenizing_needs_no_torch():
    code = (
        "import sys; from leyden.cli import main; main(['tokenize', 'in', '--output', 'out']);"
        "print({'torch', 'pytorch_lightning', 'hydra'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["out", "set()"]


def test_a_missing_package_for_parquet_is_named_with_its_extra(leyden, monkeypatch):
    Path("a.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = leyden("tokenize", "a.parquet", "--output", "out")
    assert result.status == 2
    assert "pip install 'leyden[parquet]'" in result.err


def test_what_is_no_document_among_many_ends_the_work_with_its_line(leyden, monkeypatch):
    from leyden.tokenization import plan

    monkeypatch.setattr(plan, "SAMPLE_BYTES", 10)  # so that not all is read before the start
    options = ("--text-key", "body", "--output", "out")
    result = leyden("tokenize", "broken.jsonl", *options)
    assert result.status == 1
    assert "failed: broken.jsonl, line 10, is not JSON" in result.err
    assert not Path("out/manifest.json").exists()


def test_an_empty_part_is_said(leyden, monkeypatch):
    from leyden.tokenization import plan

    monkeypatch.setattr(plan, "SAMPLE_BYTES", 10)
    result = leyden("tokenize", "in", "--output", "out", "--val-share", "1e-9")
    assert "type a larger --val-share" in result.err


def test_the_last_line_is_the_folder(leyden):
    assert leyden("tokenize", "in", "--output", "out").out == "out\n"


def test_what_was_made_within_a_source_is_not_read(leyden):
    assert leyden("tokenize", "in", "--output", "in/out").status == 0
    assert leyden("tokenize", "in", "--output", "in/out").status == 0


def test_a_damaged_result_is_refused_in_a_line(leyden):
    leyden("tokenize", "in", "--output", "out")
    Path("out/manifest.json").write_text("{")
    result = leyden("tokenize", "in", "--output", "out")
    assert result.status == 2
    assert "--output=out: is damaged: out/manifest.json can't be read" in result.err
