"""What `leyden diff` says of two runs."""

import json
import shutil
from hashlib import sha256
from operator import le
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.cells import cell_len

from leyden.analysis.diff import COST, diff, losses_section
from leyden.cli.diff_table import cells, change, diff_lines, telling

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
        "equal: config, code, environment, data, losses (4 steps), metrics, cost",
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
    for section in ("code", "content of the data", "losses"):
        assert f"not recorded: {section} of other" in result.out


EMPTY = {
    "environment": {"versions": {}, "flags": None, "device": None},
    "data": {"data": {"samples": "3 + 1 + 1", "content": None}},
    "losses": {"losses": {}},
    "metrics": {"metrics": {"val/loss": None}, "best": {"metric": "val/loss", "value": None}},
    "cost": dict.fromkeys(COST) | {"status": "pending"},
}


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("section", EMPTY)
@pytest.mark.parametrize("empty", [("one",), ("copy",), ("one", "copy")], ids=" ".join)
def test_what_a_side_has_not_recorded_is_not_equal(section, empty, leyden):
    shutil.copytree("one", "copy")
    for folder in empty:
        change_record(folder, **EMPTY[section])
    found = json.loads(leyden("diff", "one", "copy", "--json").out)
    assert section not in found["equal"]
    assert section in found["not_recorded"]
    assert set(found["equal"]) >= {"config", "code"}


@pytest.mark.usefixtures("runs")
def test_data_whose_digest_is_that_of_nothing_is_not_equal(leyden):
    """As versions before this one wrote it."""
    shutil.copytree("one", "copy")
    for folder in ("one", "copy"):
        change_record(folder, data={"samples": "9 + 1 + 1", "content": sha256(b"").hexdigest()})
    result = leyden("diff", "one", "copy")
    assert "data" not in result.out.partition("equal: ")[2].splitlines()[0]
    assert "not recorded: content of the data of one" in result.out


@pytest.mark.usefixtures("runs")
def test_losses_of_different_steps_are_not_equal(leyden):
    shutil.copytree("one", "copy")
    change_record("copy", losses={"900": (1.0).hex()})
    found = json.loads(leyden("diff", "one", "copy", "--json").out)
    assert "losses" in found["not_recorded"]


def test_data_in_no_tensors_has_no_digest(leyden, user_package):
    user_package("squares", SQUARES)
    Path("mine/data").mkdir(parents=True)
    Path("mine/data/squares.yaml").write_text("_target_: squares.Squares\nbatch_size: 4\n")
    words = ("--config-dir", "mine", "data=squares", *SHORT)
    runs = [leyden("train", *words, f"run_dir={name}").folder for name in ("first", "second")]
    found = json.loads(leyden("diff", *map(str, runs), "--json").out)
    assert json.loads((runs[0] / "run.json").read_text())["data"]["content"] is None
    assert "data" in found["not_recorded"]
    assert "data" not in found["equal"]


SQUARES = """
import torch
from leyden.data import DataModule, DataSplits, Spec

class Made:
    def __len__(self):
        return 32

    def __getitem__(self, draw):
        x = draw.index.float()[:, None, None, None].expand(-1, 1, 2, 2)
        return x, draw.index % 2

class Squares(DataModule):
    kind = "image"

    def load(self):
        spec = Spec("image", input_shape=(1, 2, 2), num_outputs=2)
        return DataSplits(spec, Made(), Made(), Made())
"""


LETTERS = st.text("abc./", min_size=1, max_size=60)


@given(shared=LETTERS, a=LETTERS, b=LETTERS, widths=st.tuples(*[st.integers(12, 40)] * 2))
def test_different_values_look_different_in_any_width(shared, a, b, widths):
    assume(a[0] != b[0])
    found = telling(shared + a, widths[0], shared + b, widths[1])
    assert all(map(le, map(cell_len, found), widths))
    assert all(character in text for character, text in zip((a[0], b[0]), found, strict=True))
    assert found[0].rstrip("…") != found[1].rstrip("…")[: len(found[0].rstrip("…"))]


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_the_table_fits_the_terminal(width):
    code = {f"leyden/{'long' * 20}/{number}.py": "0" * 16 for number in range(30)}
    Path("other/code.json").write_text(json.dumps(code))
    change_record("other", device="cpu: " + "a long name " * 9, throughput=1e12, tokens=10**15)
    lines = diff_lines(
        [section for section in diff(Path("one"), Path("other")) if section.rows], width=width
    )
    if width is not None:
        assert max(map(len, lines)) <= width
    begin = next(n for n, line in enumerate(lines) if line.startswith("code ("))
    names = [line.split()[0] for line in lines[begin + 1 : begin + 21]]
    assert len(set(names)) == 20
    assert not any("#" in name for name in names)
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
