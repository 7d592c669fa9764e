"""Transformers of Hugging Face on labelled texts, by whole commands."""

import csv
import io
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import AutoTokenizer

import leyden as package
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.errors import ConfigError
from leyden.inference.load import load_run
from leyden.inference.serving.requests import Refused, inputs_of_request
from tests.hf_models import reviews, write_model, write_reviews

DATA = ("data=labelled_text", "data.path=reviews.csv", "data.text=review", "data.target=label")
REQUEST = ("model=hf", "model.name=bert", *DATA, "data.context=10", "optimizer=adamw")
SHORT = ("trainer.max_epochs=2", "optimizer.lr=1e-2")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a model, a table and a finished run in `run`."""
    folder = tmp_path_factory.mktemp("texts")
    write_model(folder / "bert", "bert")
    write_reviews(folder / "reviews.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        package.train(*REQUEST, *SHORT, "run_dir=run")
    return folder


@pytest.fixture
def files(made, tmp_path):
    """The model, the table and the run, in the folder of the test."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def run(files):
    """The run, with no files but the table: neither model nor tokenizer."""
    shutil.rmtree(files / "bert")
    return files / "run"


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_run_says_what_it_trains_on_and_compares_with_a_bag_of_tokens(made):
    record = json.loads((made / "run" / "run.json").read_text())
    assert record["status"] == "completed"
    assert record["data_report"]["parts"] == {"train": 84, "val": 18, "test": 18}
    assert "of 120 texts are cut to 10 tokens" in record["data_report"]["notes"][0]
    scores = {one["name"]: one["metrics"]["test/acc"] for one in record["baselines"]}
    # One word says the class.
    assert scores == {"most frequent class": 0.5, "bag of tokens": 1.0}


def test_new_texts_are_predicted_without_the_files_of_the_model(run, leyden):
    texts = [text for text, _ in reviews(130)[120:]]
    with Path("new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "review"), *enumerate(texts)])
    found = rows_of(leyden("predict", str(run), "new.csv").out)
    loaded = load_run(run)
    tokenizer = AutoTokenizer.from_pretrained(run / "tokenizer")
    given = tokenizer(texts, truncation=True, max_length=10, padding="max_length")
    ids = torch.tensor(given.input_ids)
    with torch.no_grad():
        logits = loaded.net.model(ids, attention_mask=torch.tensor(given.attention_mask)).logits
    shares = logits.double().softmax(-1)
    assert [row["prediction"] for row in found] == [
        ("neg", "pos")[code] for code in shares.argmax(-1).tolist()
    ]
    told = torch.tensor([float(row["probability pos"]) for row in found]).double()
    torch.testing.assert_close(told, shares[:, 1], rtol=0, atol=1e-6)


def test_the_metrics_of_a_run_are_tested_again_without_the_files_of_the_model(run, leyden):
    record = json.loads((run / "run.json").read_text())
    found = json.loads(leyden("eval", str(run), "--json").out)
    assert found == {name: record["metrics"][name] for name in found}
    assert "test/auroc" in found


def test_new_texts_with_their_classes_are_tested(run, leyden):
    rows = reviews(140)[120:]
    pd.DataFrame(rows, columns=["review", "label"]).to_csv("new.csv", index=False)
    found = json.loads(leyden("eval", str(run), "--on", "new.csv", "--json").out)
    told = rows_of(leyden("predict", str(run), "new.csv").out)
    right = [row["prediction"] == label for row, (_, label) in zip(told, rows, strict=True)]
    assert found["test/acc"] == pytest.approx(sum(right) / len(rows))


def test_a_run_is_resumed_without_the_files_of_the_model(files, leyden):
    whole = leyden("train", *REQUEST, *SHORT, "trainer.max_epochs=3", "run_dir=whole")
    assert whole.status == 0
    first = leyden(
        "train", *REQUEST, *SHORT, "trainer.max_epochs=3", "run_dir=cut", "trainer.max_steps=6"
    )
    assert first.status == 0
    shutil.rmtree(files / "bert")
    resumed = leyden("resume", "cut", "trainer.max_steps=null")
    assert resumed.status == 0
    records = [json.loads(Path(name, "run.json").read_text()) for name in ("whole", "cut")]
    assert records[0]["steps"] == records[1]["steps"] > 6


def test_texts_in_memory_are_predicted_as_those_of_a_file(run):
    frame = pd.DataFrame(reviews(20), columns=["review", "label"])
    frame.to_csv("new.csv", index=False)
    loaded = package.load(run)
    in_memory, of_file = loaded.predict(frame), loaded.predict("new.csv")
    assert list(in_memory["prediction"]) == list(of_file["prediction"])
    assert list(in_memory["probability"]) == pytest.approx(list(of_file["probability"]))


def test_a_row_without_a_text_is_refused_or_has_an_empty_row(run, leyden):
    Path("new.csv").write_text("id,review\n1,a nice film\n2,\n")
    refused = leyden("predict", str(run), "new.csv")
    assert refused.status == 2
    assert "row 2: review is missing; --on-error skip" in refused.err
    _, row = rows_of(leyden("predict", str(run), "new.csv", "--on-error", "skip").out)
    assert (row["prediction"], row["problem"]) == ("", "review is missing")


def test_a_file_without_the_column_names_those_that_it_has(run, leyden):
    Path("new.csv").write_text("id,revew\n1,nice\n2,bad\n")
    told = leyden("predict", str(run), "new.csv")
    assert told.status == 2
    assert "lacks the column `review`; did you mean `revew`?" in told.err


def test_a_request_of_a_server_is_read_as_the_rows_of_a_file(run):
    loaded = load_run(run)
    assert isinstance(loaded.preparation, LabelledTextPreparation)
    given = {"rows": [{"review": "a nice film"}, {"review": "bad plot"}]}
    found = inputs_of_request(given, loaded.preparation, loaded.vocabulary)
    tokenizer = AutoTokenizer.from_pretrained(run / "tokenizer")
    wanted = tokenizer(["a nice film", "bad plot"], max_length=10, padding="max_length")
    assert found.tensor.tolist() == wanted.input_ids
    with pytest.raises(Refused, match="row 1: review is missing"):
        inputs_of_request({"rows": [{"review": None}]}, loaded.preparation, loaded.vocabulary)


def test_a_page_shows_the_worst_texts_without_what_fills_them_up(run, leyden):
    assert leyden("eval", str(run), "--report").status == 0
    page = (run / "evaluation" / "report.html").read_text()
    assert "[CLS]" in page or "film" in page
    assert "[PAD]" not in page


@pytest.mark.parametrize("format", ["torch", "onnx"])
def test_an_exported_file_gives_what_the_run_gives(format, run, leyden):
    told = leyden("export", str(run), "--format", format, "--output", "exported")
    assert told.status == 0
    assert "18 of the test part" in told.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("generate", "run", "--prompt", "a"), "it writes no text; `leyden predict` asks it"),
        (("explain", "run", "reviews.csv"), "which can't be explained"),
        (("export", "run", "--format", "hf", "--output", "out"), "is no GPT-2"),
    ],
)
def test_what_is_for_language_models_is_refused(words, message, run, leyden):
    told = leyden(*words)
    assert told.status == 2
    assert message in told.err


@pytest.mark.parametrize("family", ["mlp", "rnn", "gpt"])
def test_networks_of_single_tokens_name_the_model_of_texts(family, files, leyden):
    told = leyden("train", f"model={family}", *DATA, "data.tokenizer=hf:bert")
    assert told.status == 2
    assert "is for language_modeling of text, but the data is for classification" in told.err
    assert "type `model=hf`, or `data=shakespeare`" in told.err
    assert len(told.err.splitlines()) == 2


def test_a_model_of_texts_is_refused_for_text_that_is_written_on(files, leyden):
    told = leyden("train", "model=hf", "model.name=bert", "data=stdlib_text")
    assert told.status == 2
    assert "type `model=gpt` or `model=mlp` or `model=rnn`, or `data=labelled_text`" in told.err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("model.name=nowhere/at/all",), "error: model.name=nowhere/at/all (command line):"),
        (
            ("model.weights=none.safetensors",),
            "model.weights=none.safetensors (command line): is no file",
        ),
        (("data.context=40",), "reads 32 tokens at most; type data.context=32"),
        (("trainer.max_tokens=1000",), "counts tokens, but the data is classes of texts"),
        (("budget.tokens=1000",), "is for text that is read on"),
    ],
)
def test_a_request_that_can_not_work_is_refused_before_anything_is_written(
    changed, message, files, leyden
):
    told = leyden("train", *REQUEST, *changed, "run_dir=new")
    assert told.status == 2
    assert message in told.err
    assert not Path("new").exists()


BAG = """
import torch


class Bag(torch.nn.Module):
    def __init__(self, *, vocab_size: int, num_outputs: int, pad_token: int) -> None:
        super().__init__()
        self.table = torch.nn.EmbeddingBag(vocab_size, num_outputs, padding_idx=pad_token)

    def forward(self, tokens):
        return self.table(tokens)
"""


def test_a_network_of_the_users_is_given_tokens_classes_and_padding(files, user_package, leyden):
    user_package("own_nets", BAG)
    Path("conf/model").mkdir(parents=True)
    Path("conf/model/bag.yaml").write_text("_target_: own_nets.Bag\n")
    words = ("--config-dir", "conf", "model=bag", *DATA, "data.tokenizer=hf:bert", "run_dir=bag")
    told = leyden("train", *words, *SHORT)
    assert told.status == 0
    net = load_run(Path("bag")).net
    assert net.table.padding_idx == 0
    assert net.table.weight.shape == (len(AutoTokenizer.from_pretrained("bert")), 2)


def test_a_data_set_is_described_by_its_own_tokenizer(files, leyden):
    told = leyden("data", *DATA, "data.tokenizer=hf:bert", "data.context=10")
    assert told.status == 0
    assert "review  feature  text" in told.out
    assert Path(told.out.splitlines()[-1].removeprefix("picture  ")).stat().st_size > 1000


def test_the_run_remembers_the_architecture_and_not_its_labels(made):
    config = (made / "run" / "config.yaml").read_text()
    assert "model_type: bert" in config
    assert "id2label" not in config


def test_a_frozen_config_with_a_target_in_its_architecture_is_not_followed(run):
    file = run / "config.yaml"
    text = file.read_text().replace("model_type: bert", "model_type: {_target_: os.getcwd}")
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_run(run)
