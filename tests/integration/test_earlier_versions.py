"""Runs of earlier versions, of which `tests/assets` has one each."""

import json
import shutil
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[1] / "assets"


@pytest.fixture
def old(tmp_path):
    """A run that was made before checkpoints had markers."""
    shutil.copytree(ASSETS / "run_before_markers", tmp_path / "old")
    return Path("old")


def test_an_old_run_is_evaluated_as_it_was(old, leyden):
    before = json.loads((old / "run.json").read_text())["metrics"]
    found = json.loads(leyden("eval", "old", "--json").out)
    assert found.pop("test/ece") < 0.5  # measured since
    assert found == {name: pytest.approx(before[name], rel=1e-6) for name in found}


def test_an_old_run_is_gone_on_with(old, leyden):
    result = leyden("resume", "old", "trainer.max_epochs=2")
    assert result.status == 0, result.err
    assert "goes on from step 22" in result.err
    assert json.loads((old / "run.json").read_text())["steps"] == 44


def test_a_newer_marker_is_refused_with_its_number(mlp_run, leyden, tmp_path):
    shutil.copytree(mlp_run, tmp_path / "run")
    for path in Path("run/checkpoints").glob("*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 99}))
    result = leyden("eval", "run")
    assert result.status == 2
    assert "newer version: its schema is 99" in result.err
