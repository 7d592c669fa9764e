"""Names and metrics of strangers do not steer the terminal or a browser."""

import json

import pytest

EVIL = "\x1b[2J\x1b]0;evil\x07<script>alert(1)</script>[/bold][red]"


def forged(folder, **changes):
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_table_of_runs_shows_control_characters_as_text(leyden, foreign_run):
    best = {"metric": EVIL, "value": 1.0, "step": 1, "checkpoint": None}
    forged(foreign_run, overrides=[f"name={EVIL}"], status=EVIL, best=best)
    result = leyden("runs", ".")
    assert result.status == 0, result.err
    assert "\\x1b[2J" in result.out
    assert not {"\x1b", "\x07"} & set(result.out + result.err)


def test_a_folders_name_is_shown_as_text(leyden, foreign_run, tmp_path):
    foreign_run.rename(tmp_path / "a\x1b[2Jb")
    result = leyden("runs", ".")
    assert result.status == 0
    assert "\x1b" not in result.out


@pytest.mark.parametrize("words", [("eval",), ("report",), ("generate",), ("runs",), ("export",)])
def test_an_error_shows_control_characters_as_text(leyden, words):
    result = leyden(*words, f"no{EVIL}")
    assert result.status == 2
    assert "\x1b" not in result.err + result.out


def test_a_report_shows_names_as_text(leyden, tmp_path):
    words = (
        "model.width=8",
        "trainer.max_steps=2",
        "trainer.accelerator=cpu",
        "sweep.report=false",
    )
    result = leyden("train", "-m", "seed=1,2", *words)
    assert result.status == 0, result.err
    path = result.folder / "sweep.json"
    record = json.loads(path.read_text())
    for job in record["jobs"]:
        job["overrides"] = [f"seed={EVIL}"]
    record["command"] = ["leyden", "train", EVIL]
    record["name"] = EVIL
    path.write_text(json.dumps(record))
    for found in (leyden("report", str(result.folder)), leyden("runs", str(result.folder))):
        assert "\x1b" not in found.out + found.err
    assert "<script>alert" not in (result.folder / "report" / "report.html").read_text()
