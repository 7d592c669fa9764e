"""What data holds is said by `leyden data`, at the start of a run, in a plan and in a report."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

SERIES = ("data=csv_series", "data.path=series.csv", "data.target=y", "data.time=date")
HOLES = (*SERIES, "data.gaps=fill")
LABELLED = ("data=series_classes", "data.path=waves.csv", "data.label=speed")


@pytest.fixture(autouse=True)
def files():
    rows = [row for row in range(300) if row % 17]
    times = pd.date_range("2026-01-01", periods=300, freq="h")[rows]
    pd.DataFrame({"date": times, "y": np.sin(rows)}).to_csv("series.csv", index=False)
    waves = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 6)), columns=list("abcdef"))
    waves.insert(0, "speed", ["fast", "slow"] * 20)
    waves.to_csv("waves.csv", index=False)


EMBEDDED = ["digits", "blobs", "line", "sine", "sunspots", "stdlib_text"]


@pytest.mark.parametrize("name", EMBEDDED)
def test_each_embedded_set_is_described_with_a_picture(name, leyden):
    result = leyden("data", f"data={name}")
    assert result.status == 0
    picture = Path(result.out.splitlines()[-1].removeprefix("picture  "))
    with Image.open(picture) as image:
        pixels = np.array(image.convert("L"))
    assert len(np.unique(pixels)) > 10


@pytest.mark.parametrize("request_words", [HOLES, LABELLED], ids=["series", "classes"])
def test_files_of_the_users_are_described_with_a_picture(request_words, leyden):
    result = leyden("data", *request_words)
    assert result.status == 0
    assert Path(result.out.splitlines()[-1].removeprefix("picture  ")).stat().st_size > 1000


def test_a_description_does_not_ask_whether_the_model_fits(leyden):
    assert leyden("data", "data=stdlib_text", "data.max_bytes=50000").status == 0


def test_json_has_the_whole_report(leyden):
    found = json.loads(leyden("data", *LABELLED, "--json").out)
    assert found["parts"] == {"train": 28, "val": 6, "test": 6}
    assert found["classes"] == {
        "fast": {"train": 14, "val": 3, "test": 3},
        "slow": {"train": 14, "val": 3, "test": 3},
    }
    assert found["input_shape"] == [6, 1]


def test_nothing_but_the_picture_is_written(leyden):
    before = set(Path().rglob("*"))
    leyden("data", "data=blobs")
    folders = {Path("outputs"), Path("outputs/data")}
    assert set(Path().rglob("*")) - before == {*folders, Path("outputs/data/blobs.png")}


def test_data_that_can_not_be_read_is_one_line(leyden):
    result = leyden("data", *SERIES)
    assert result.status == 2
    assert "17 of 299 times are missing" in result.err.splitlines()[0]
    assert not Path("outputs").exists()


SHORT = ("trainer.max_steps=2", "trainer.log_every_n_steps=1", "model.width=4")
SHORT += ("data.batch_size=4", "callbacks.graph=null", "trainer.max_epochs=null")


def test_a_run_says_and_records_what_was_filled(leyden):
    result = leyden("train", *HOLES, *SHORT, "run_dir=it")
    assert "17 of 299 times are missing" in result.err
    record = json.loads(Path("it/run.json").read_text())
    assert any("17 of 299" in note for note in record["data_report"]["notes"])


def test_classes_and_their_samples_are_said_at_the_start(leyden):
    assert "classes fast 20, slow 20" in leyden("train", *LABELLED, *SHORT).err


def test_a_plan_says_it_too(leyden):
    result = leyden("plan", *LABELLED, "data.batch_size=4", "-m", "seed=1,2,3")
    assert result.err.count("classes fast 20, slow 20") == 1


def test_a_sweep_says_it_once_and_its_report_has_it(leyden):
    jobs = ("-m", "seed=1,2", "hydra.launcher.slots=1")
    result = leyden("train", *LABELLED, *SHORT, *jobs)
    assert result.err.count("classes fast 20, slow 20") == 1
    report = (result.folder / "report" / "report.html").read_text()
    assert "<h2>Data</h2>" in report
    assert "series_classes: 28 train, 6 val, 6 test samples" in report


def test_each_data_set_of_a_sweep_is_said(leyden):
    result = leyden("plan", "-m", "data=digits,blobs")
    assert "data digits: 1,437 train, 180 val, 180 test samples" in result.err
    assert "data blobs: 700 train, 150 val, 150 test samples" in result.err


def test_an_evaluation_on_other_data_than_the_runs_warns(leyden):
    leyden("train", *LABELLED, *SHORT, "run_dir=it")
    assert "warning" not in leyden("eval", "it").err
    frame = pd.read_csv("waves.csv")
    frame.iloc[::-1].to_csv("waves.csv", index=False)
    result = leyden("eval", "it")
    assert result.status == 0
    assert "what is tested may have been trained on" in result.err
    assert "warning" not in leyden("eval", "it", "data.path=waves.csv").err
