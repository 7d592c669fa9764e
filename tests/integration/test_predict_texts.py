"""`leyden predict` on texts: a row for each, equal to `leyden eval --on` and `generate`."""

import csv
import io
import json
import math

import pytest


@pytest.fixture
def texts(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "long.txt").write_text("def main(self):\n    return 1\n" * 20)
    (tmp_path / "in" / "short.txt").write_text("import os\n")
    return tmp_path / "in"


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_loss_of_a_text_is_that_of_eval_on_it(gpt_run, texts, leyden):
    found = rows(leyden("predict", str(gpt_run), str(texts)).out)
    assert [row["file"] for row in found] == [f"{texts}/long.txt", f"{texts}/short.txt"]
    for row in found:
        told = json.loads(leyden("eval", str(gpt_run), "--on", row["file"], "--json").out)
        assert float(row["loss"]) == pytest.approx(told["test/loss"], rel=1e-5)
        assert float(row["perplexity"]) == pytest.approx(math.exp(float(row["loss"])))


def test_the_next_token_is_the_one_that_greedy_generation_writes(gpt_run, texts, leyden):
    found = rows(leyden("predict", str(gpt_run), f"{texts}/short.txt").out)
    words = ("--prompt", "import os\n", "--max-new-tokens", "1", "--temperature", "0", "--json")
    (told,) = json.loads(leyden("generate", str(gpt_run), *words).out)
    assert found[0]["next"] == told["text"]
    assert 0 < float(found[0]["next probability"]) <= 1


def test_what_is_no_text_is_refused_or_has_an_empty_row(gpt_run, texts, leyden):
    (texts / "bytes.txt").write_bytes(b"\xff\xfe")
    (texts / "empty.txt").write_text("")
    refused = leyden("predict", str(gpt_run), str(texts))
    assert refused.status == 2
    assert "is not in UTF-8: byte 0" in refused.err
    assert refused.out == ""
    done = leyden("predict", str(gpt_run), str(texts), "--on-error", "skip")
    found = {row["file"].rpartition("/")[2]: row for row in rows(done.out)}
    assert found["bytes.txt"]["problem"] == "is not in UTF-8: byte 0"
    assert "has 0 tokens" in found["empty.txt"]["problem"]
    assert found["bytes.txt"]["loss"] == ""
    assert found["short.txt"]["problem"] == ""


@pytest.mark.parametrize("words", [("--horizon", "3"), ("--mc-dropout", "5")])
def test_what_is_for_other_models_is_refused(words, gpt_run, texts, leyden):
    done = leyden("predict", str(gpt_run), str(texts), *words)
    assert done.status == 2
    assert "is not for language models" in done.err
