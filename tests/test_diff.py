"""What `leyden diff` says of two runs."""

import json
import shutil
from pathlib import Path

import pytest

from leyden.diff import losses_section
from leyden.diff_table import cells, change

SHORT = ("model.width=16", "trainer.max_steps=4", "trainer.log_every_n_steps=1")
SHORT += ("callbacks.graph=null", "callbacks.predictions=null")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def runs(made, leyden, tmp_path):
    """Two runs, which differ in their learning rate."""
    for name, rate in (("one", 0.01), ("other", 0.02)):
        if not (made / name).exists():
            words = (*SHORT, f"optimizer.lr={rate}", f"run_dir={made / name}")
            assert leyden("train", *words).status == 0
        shutil.copytree(made / name, tmp_path / name)


def change_record(folder, **values):
    path = Path(folder) / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.usefixtures("runs")
def test_a_key_that_differs_is_named_and_nothing_else_of_the_config(leyden):
    result = leyden("diff", "one", "other", "--json")
    found = json.loads(result.out)
    assert result.status == 0
    assert found["config"] == {"optimizer.lr": {"a": 0.01, "b": 0.02}}
    assert set(found["equal"]) == {"code", "environment", "data"}
    assert list(found["losses"]) == ["at step 2"]  # the first is that of the same weights


@pytest.mark.usefixtures("runs")
def test_a_copy_is_equal_in_a_line(leyden):
    shutil.copytree("one", "copy")
    result = leyden("diff", "one", "copy")
    assert result.out.splitlines() == [
        "A  one",
        "B  copy",
        "equal: config, code, environment, data, losses, metrics, cost",
    ]


@pytest.mark.usefixtures("runs")
def test_code_versions_flags_and_data_that_differ_are_named(leyden):
    code = json.loads(Path("other/code.json").read_text())
    Path("other/code.json").write_text(json.dumps(code | {"leyden/train.py": "0" * 16}))
    change_record(
        "other",
        versions={"torch": "1.0"},
        flags={"threads": 64},
        data={"content": "ffff", "samples": "1 + 1 + 1"},
    )
    found = json.loads(leyden("diff", "one", "other", "--json").out)
    assert list(found["code"]) == ["leyden/train.py"]
    assert found["environment"]["torch"]["b"] == "1.0"
    assert found["environment"]["threads"] == {"a": 1, "b": 64}
    assert found["data"]["samples"] == {"a": "1437 + 180 + 180", "b": "1 + 1 + 1"}


@pytest.mark.usefixtures("runs")
def test_what_an_older_run_did_not_record_is_said(leyden):
    Path("other/code.json").unlink()
    change_record("other", data=None, losses={})
    result = leyden("diff", "one", "other")
    for section in ("code", "data", "losses"):
        assert f"not recorded: {section} of other" in result.out


@pytest.mark.usefixtures("runs")
def test_the_table_fits_80_columns(leyden, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code = {f"leyden/{'long' * 20}/{number}.py": "0" * 16 for number in range(30)}
    Path("other/code.json").write_text(json.dumps(code))
    change_record("other", device="cpu: " + "a long name " * 9)
    lines = leyden("diff", "one", "other").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("more: --json" in line for line in lines)


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("nowhere", "no such folder"),
        (".", "not a run's folder"),
        ("sweep", "is a sweep"),
        ("broken", "run.json is damaged"),
        ("list", "run.json is damaged"),
    ],
)
def test_a_folder_that_is_no_run_is_refused_in_a_line(folder, says, leyden):
    for name, file, text in (
        ("sweep", "sweep.json", "{}"),
        ("broken", "run.json", "{"),
        ("list", "run.json", "[]"),
    ):
        Path(name).mkdir()
        (Path(name) / file).write_text(text)
        (Path(name) / "config.yaml").write_text("")
    result = leyden("diff", "one", folder)
    assert result.status == 2
    assert result.err.startswith(f"error: B={folder}: ")
    assert says in result.err
    assert len(result.err.splitlines()) == 2


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("values", [{"losses": {"1": "?"}}, {"versions": "1"}, {"metrics": [1]}])
def test_a_damaged_record_is_refused_in_a_line(values, leyden):
    change_record("other", **values)
    result = leyden("diff", "one", "other")
    assert result.status == 2
    assert result.err.startswith("error: B=other: its run.json is damaged")


@pytest.mark.usefixtures("runs")
def test_a_damaged_note_of_the_code_is_refused_in_a_line(leyden):
    Path("other/code.json").write_text("{")
    result = leyden("diff", "one", "other")
    assert result.status == 2
    assert "error: code.json=other: is damaged" in result.err


def test_the_first_step_that_differs_is_found_by_number():
    one = {"1": "0x1p+0", "9": "0x1p+1", "10": "0x1p+2", "64": "0x1p+3"}
    section = losses_section(one, one | {"10": "0x1.0000000000001p+2", "64": "0x1p+5"})
    assert section.rows == {"at step 10": (4.0, 4.000000000000001)}
    assert section.num_equal == 2


def test_numbers_that_differ_look_different():
    assert cells(0.123456789, 0.12345678) == ("0.123456789", "0.12345678")
    assert cells(0.1, 0.2) == ("0.1", "0.2")


@pytest.mark.parametrize(
    ("a", "b", "shown"), [(2, 3, "+50.0%"), (-1.0, -2.0, "-100.0%"), (0, 1, ""), (None, 1, "")]
)
def test_a_change_is_in_percent_of_the_first(a, b, shown):
    assert change(a, b) == shown
