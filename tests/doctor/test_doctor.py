"""What `leyden doctor` finds, and that it finds what is wrong."""

import json
import shutil
from pathlib import Path

import pytest

from leyden.doctor import examination
from leyden.doctor.data_sets import data_rows
from leyden.doctor.devices import device_rows
from leyden.doctor.disk import existing, folder_row, loopback_row
from leyden.doctor.fault_suite import WORDS, Suite
from leyden.doctor.packages import known_bad, package_rows

FAULTS = {"kill -9", "damaged checkpoint", "full disk", "SIGTERM"}


def pretend(folder, name, version):
    """A package's metadata, as pip would have left it."""
    place = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (place / "METADATA").write_text(text)


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A folder of packages before all others."""
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return tmp_path / "packages"


@pytest.mark.slow
def test_a_sound_machine_passes_and_nothing_is_left_behind(leyden):
    result = leyden("doctor", "--json")
    rows = json.loads(result.out)
    assert [row for row in rows if row["result"] == "fail"] == []
    assert result.status == 0
    assert {f"fault: {name}" for name in FAULTS} <= {row["check"] for row in rows}
    assert list(Path().iterdir()) == []


def test_packages_are_as_required():
    assert [row for row in package_rows() if row.result == "fail"] == []


@pytest.mark.parametrize("name", ["lightning", "pytorch-lightning"])
@pytest.mark.parametrize("version", ["2.6.2", "2.6.3"])
def test_a_malicious_version_fails(name, version, installed):
    pretend(installed, name, version)
    (row,) = [row for row in package_rows() if row.check == "known bad versions"]
    assert row.result == "fail"
    assert f"{name} {version}" in row.found


def test_a_version_that_is_too_old_fails_and_says_what_to_type(installed):
    pretend(installed, "hydra-core", "1.2.0")
    (row,) = [row for row in package_rows() if row.check == "packages"]
    assert row.result == "fail"
    assert "hydra-core is 1.2.0: pip install 'hydra-core" in row.found


def test_only_the_versions_that_are_listed_are_bad():
    assert known_bad({"lightning": "2.6.6", "torch": "2.6.2"}) == []
    assert len(known_bad({"lightning": "2.6.3", "pytorch-lightning": "2.6.2"})) == 2


def test_a_check_that_fails_gives_exit_status_1(leyden, installed, monkeypatch):
    monkeypatch.setattr(examination, "PARTS", {"packages": examination.PARTS["packages"]})
    assert leyden("doctor").status == 0
    pretend(installed, "lightning", "2.6.3")
    result = leyden("doctor")
    assert result.status == 1
    assert result.out.splitlines()[-1].startswith("1 of ")


def test_a_part_that_breaks_is_a_row_and_the_others_go_on(monkeypatch):
    parts = {"broken": "leyden.nowhere:rows", "data": examination.PARTS["data"]}
    monkeypatch.setattr(examination, "PARTS", parts)
    first, *others = examination.examine()
    assert (first.check, first.result) == ("broken", "fail")
    assert others == list(data_rows())


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    row = folder_row("outputs", tmp_path / "a" / "b", "advice")
    assert row.result == "pass"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc/leyden", "file"])
def test_a_folder_that_can_not_be_written_fails_with_advice(place):
    Path("file").touch()
    row = folder_row("outputs", Path(place), "type run_dir=...")
    assert row.result == "fail"
    assert row.found.endswith("type run_dir=...")


def test_the_nearest_folder_above_is_found(tmp_path):
    assert existing(Path("a/b/c")) == tmp_path


def test_the_loopback_works():
    assert loopback_row().result == "pass"


def test_devices_are_listed():
    checks = {row.check: row.result for row in device_rows()}
    assert checks["cpu"] == "pass"
    assert {"bf16", "compiler"} <= checks.keys()


def test_a_set_that_is_not_here_is_no_fault_and_how_to_get_it_is_said():
    rows = {row.check: row for row in data_rows()}
    assert rows["data=mnist"].result == "note"
    assert "leyden train data=mnist" in rows["data=mnist"].found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("suite")


@pytest.fixture
def suite(made, leyden, tmp_path):
    """Two runs that are equal."""
    if not (made / "whole").exists():
        assert leyden(*WORDS, f"run_dir={made / 'whole'}").status == 0
    for name in ("whole", "again"):
        shutil.copytree(made / "whole", tmp_path / name)
    return Suite(tmp_path)


def test_runs_that_are_equal_do_not_differ(suite):
    assert suite.differs("again") is None


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [("status", "failed", "ended as failed"), ("losses", {"1": "0x1p+0"}, "losses are others")],
)
def test_a_run_that_differs_is_noticed(key, value, says, suite):
    path = suite.folder / "again" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    assert says in suite.differs("again")
