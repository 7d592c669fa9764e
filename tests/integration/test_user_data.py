"""A user's own files, trained on with one command each."""

import json
import shutil

import pytest

SHORT = ("trainer.max_steps=3", "trainer.log_every_n_steps=1", "model.width=8")
COMMANDS = {
    "images": ("data=image_folder", "data.path=photos", "data.size=16", "data.num_workers=0"),
    "a table": ("data=csv", "data.path=houses.csv", "data.target=price"),
    "a series": (
        *("data=csv_series", "data.path=sales.csv", "data.target=sold", "data.time=date"),
        "data.features=[weather]",
    ),
    "a text": (
        "data=text",
        "data.path=novel.txt",
        "data.tokenizer=bpe",
        "data.vocab_size=300",
        "data.context=16",
    ),
}


@pytest.mark.usefixtures("user_files")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_run_finds_its_file_from_every_folder(command, leyden, tmp_path, monkeypatch):
    folder = tmp_path / leyden("train", *command, *SHORT).folder
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    recorded = json.loads((folder / "run.json").read_text())
    evaluated = json.loads(leyden("eval", str(folder), "--json").out)
    assert recorded["status"] == "completed"
    assert evaluated == {name: recorded["metrics"][name] for name in evaluated}


@pytest.mark.usefixtures("user_files")
def test_a_run_whose_file_is_gone_is_refused_in_a_line(leyden, tmp_path):
    folder = leyden("train", *COMMANDS["images"], *SHORT).folder
    shutil.rmtree(tmp_path / "photos")
    result = leyden("eval", str(folder))
    assert result.status == 2
    assert "is not a folder" in result.err


@pytest.mark.usefixtures("user_files")
@pytest.mark.parametrize(
    ("target", "unfit", "key"),
    [
        ("price", "task.label_smoothing=0.1", "task.label_smoothing"),
        ("price", "monitor.metric=val/acc", "monitor.metric"),
        ("city", "monitor.metric=val/rmse", "monitor.metric"),
    ],
)
def test_what_does_not_fit_the_target_column_is_refused(target, unfit, key, leyden):
    result = leyden("train", "data=csv", "data.path=houses.csv", f"data.target={target}", unfit)
    assert result.status == 2
    assert f"error: {key}=" in result.err


@pytest.mark.usefixtures("user_files")
def test_a_text_too_short_for_its_windows_is_refused(leyden):
    result = leyden("train", *COMMANDS["a text"], "data.tokenizer=byte", "data.context=20000")
    assert result.status == 2
    assert "data.context=20000" in result.err
    assert "no whole window in the training part" in result.err


@pytest.mark.usefixtures("user_files")
def test_what_was_done_to_a_table_is_said(leyden):
    result = leyden("train", *COMMANDS["a table"], *SHORT)
    assert "2 columns used" in result.err
    record = json.loads((result.folder / "run.json").read_text())
    made = {one["name"]: one["made"] for one in record["data_report"]["columns"]}
    assert made == {"rooms": "scaled", "city": "2 categories", "price": "numbers"}
