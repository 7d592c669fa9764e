"""`leyden tag` and `leyden rm`."""

import json
import shutil

import pytest
from filelock import FileLock

import leyden as package
from leyden.run.lock import EXECUTION

QUICK = ("trainer=smoke", "trainer.max_steps=2")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run, and a sweep of two."""
    root = tmp_path_factory.mktemp("made")
    package.train(*QUICK, f"run_dir={root / 'run'}")
    package.sweep("seed=1,2", *QUICK, "sweep.report=false", f"run_dir={root / 'sweep'}")
    return root


@pytest.fixture
def outputs(made, tmp_path):
    """Copies of them."""
    shutil.copytree(made, tmp_path / "outputs")
    return tmp_path / "outputs"


def test_a_tag_finds_a_run_until_it_is_removed(outputs, leyden):
    assert leyden("tag", "outputs/run", "paper", "v1.0").status == 0
    found = json.loads(leyden("runs", "--where", "tags~paper", "--json").out)
    assert [one["tags"] for one in found] == [["paper", "v1.0"]]
    assert leyden("tag", "outputs/run", "paper", "--remove").out.endswith("v1.0\n")
    assert json.loads(leyden("runs", "--where", "tags~paper", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["outputs/run", "two words"], "TAG=two words"),
        (["outputs/run", "absent", "--remove"], "it has none"),
        (["outputs", "paper"], "RUN=outputs"),
    ],
)
def test_what_can_be_no_tag_is_refused(outputs, leyden, words, message):
    result = leyden("tag", *words)
    assert result.status == 2
    assert message in result.err
    assert not (outputs / "run" / "tags.json").exists()


def test_a_run_and_a_sweep_are_removed(outputs, leyden):
    assert leyden("rm", "outputs/run", "outputs/sweep", "--yes").status == 0
    assert list(outputs.iterdir()) == []


def test_what_an_interrupted_removal_has_left_goes_with_the_next(outputs, leyden):
    (outputs / ".removed.abc").mkdir()
    (outputs / "run").rename(outputs / ".removed.abc" / "run")
    assert leyden("rm", "outputs/sweep", "--yes").status == 0
    assert list(outputs.iterdir()) == []


def test_without_a_word_nothing_is_removed(outputs, leyden):
    result = leyden("rm", "outputs/run")
    assert result.status == 2
    assert "--yes" in result.err
    assert (outputs / "run" / "run.json").is_file()


def test_a_run_that_others_start_from_stays_until_they_go(outputs, leyden):
    start = leyden("train", *QUICK, "init_from=outputs/run", "run_dir=outputs/next")
    assert start.status == 0, start.err
    result = leyden("rm", "outputs/run", "--yes")
    assert result.status == 2
    assert "next starts from it" in result.err
    assert leyden("rm", "outputs/run", "outputs/next", "--yes").status == 0
    assert [path.name for path in outputs.iterdir() if path.name != ".baselines"] == ["sweep"]


def test_a_run_that_is_being_run_stays(outputs, leyden):
    with FileLock(outputs / "run" / EXECUTION):
        result = leyden("rm", "outputs/run", "--yes")
    assert result.status == 2
    assert "is being run" in result.err
    assert (outputs / "run" / "run.json").is_file()


def test_a_job_of_a_sweep_stays(outputs, leyden):
    (job, *_) = (path.parent for path in (outputs / "sweep").rglob("run.json"))
    result = leyden("rm", str(job), "--yes")
    assert result.status == 2
    assert "is a job of the sweep" in result.err
    assert job.is_dir()


@pytest.mark.parametrize("name", ["outputs", "nowhere"])
def test_what_is_no_run_stays(outputs, leyden, name):
    result = leyden("rm", name, "--yes")
    assert result.status == 2
    assert "neither a run's folder nor a sweep's" in result.err
