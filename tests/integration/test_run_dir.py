"""The same command in the same folder goes on; another one is refused."""

import contextlib
import csv
import json
import shutil
from pathlib import Path

import pytest

from leyden.cli import main
from leyden.testing.faults import faulty

SHORT = (
    *("run_dir=run", "model.width=8", "trainer.max_epochs=3", "resume.every_steps=5"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "trainer.log_every_n_steps=1",
)


def record():
    return json.loads(Path("run/run.json").read_text())


def contents():
    return {path: path.read_bytes() for path in Path("run").rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Folder of a run that a signal ended at step 30 of 66."""
    folder = tmp_path_factory.mktemp("stopped")
    with contextlib.chdir(folder), faulty("SIGTERM@step:30"):
        assert main(["train", *SHORT]) == 75
        assert (record()["status"], record()["steps"]) == ("interrupted", 30)
    return folder / "run"


@pytest.fixture
def interrupted(stopped):
    """A copy of it in `run`."""
    shutil.copytree(stopped, "run")


@pytest.mark.usefixtures("interrupted")
def test_the_same_command_goes_on(leyden):
    result = leyden("train", *SHORT)
    assert result.status == 0
    assert "goes on from step 30" in result.err
    assert (record()["status"], record()["steps"]) == ("completed", 66)


@pytest.mark.usefixtures("interrupted")
def test_resume_goes_on_by_the_folder_alone(leyden):
    result = leyden("resume", "run")
    assert (result.status, result.folder) == (0, Path("run"))
    assert record()["steps"] == 66
    assert [resumed["command"] for resumed in record()["resumed"]] == [["leyden", "resume", "run"]]


@pytest.mark.usefixtures("interrupted")
def test_every_step_is_in_the_logs_once(leyden):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    leyden("resume", "run")
    with Path("run/metrics.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]
    events = EventAccumulator("run", size_guidance={"scalars": 0}).Reload().Scalars("train/loss")
    assert steps == list(range(66))
    assert [event.step for event in events] == steps


def test_a_run_that_is_complete_is_left_as_it_is(leyden):
    leyden("train", *SHORT, "trainer.max_steps=4")
    before = contents()
    result = leyden("train", *SHORT, "trainer.max_steps=4")
    assert (result.status, result.folder) == (0, Path("run"))
    assert "nothing is left to do" in result.err
    assert contents() == before


def test_a_run_that_is_complete_can_be_made_longer(leyden):
    leyden("train", *SHORT)
    result = leyden("resume", "run", "trainer.max_epochs=4")
    assert result.status == 0
    assert record()["steps"] == 88
    assert record()["resumed"][0]["changes"] == ["trainer.max_epochs=4"]


def test_a_run_can_not_be_made_shorter_than_it_is(leyden):
    leyden("train", *SHORT, "trainer.max_steps=6")
    before = contents()
    result = leyden("resume", "run", "trainer.max_steps=3")
    assert result.status == 2
    assert "has done 6 already" in result.err
    assert contents() == before


@pytest.mark.usefixtures("interrupted")
def test_a_change_of_no_key_is_refused(leyden):
    result = leyden("train", *SHORT, "resume.allow_change=[nonsense]")
    assert result.status == 2
    assert "resume.allow_change=nonsense" in result.err


IN_CHECKPOINTS = ("model.width", "optimizer.lr", "scheduler.final_fraction")
OTHERS = {
    "model.width": "16",
    "optimizer.lr": "0.5",
    "seed": "7",
    "data.batch_size": "32",
    "scheduler.final_fraction": "0.2",
    "trainer.precision": "bf16-mixed",
}


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("key", OTHERS)
def test_another_run_is_refused_by_the_key_that_differs(key, leyden):
    before = contents()
    result = leyden("train", *SHORT, f"{key}={OTHERS[key]}")
    assert result.status == 2
    assert f"{key}={OTHERS[key]}" in result.err
    advice = "another run_dir" if key in IN_CHECKPOINTS else f"resume.allow_change=[{key}]"
    assert advice in result.err
    assert contents() == before


@pytest.mark.usefixtures("interrupted")
def test_other_data_is_refused(leyden):
    result = leyden("train", *SHORT, "data=blobs")
    assert result.status == 2
    assert "data._target_" in result.err


def test_a_changed_data_file_is_refused(leyden, user_files):
    words = ("data=csv", "data.path=houses.csv", "data.target=price", *SHORT)
    with faulty("SIGTERM@step:3"):
        assert leyden("train", *words).status == 75
    with (user_files / "houses.csv").open("a") as file:
        file.write("\n3,Delft,7.5")
    result = leyden("train", *words)
    assert result.status == 2
    assert "data.content" in result.err


@pytest.mark.usefixtures("interrupted")
def test_a_change_that_is_allowed_by_name_is_made(leyden):
    words = ("task.label_smoothing=0.1", "resume.allow_change=[task.label_smoothing]")
    result = leyden("train", *SHORT, *words)
    assert result.status == 0
    assert record()["resumed"][0]["changes"] == ["task.label_smoothing=0.1"]


@pytest.mark.usefixtures("interrupted")
def test_a_change_that_the_checkpoint_would_undo_is_refused(leyden):
    result = leyden("train", *SHORT, "optimizer.lr=0.001", "resume.allow_change=[optimizer.lr]")
    assert result.status == 2
    assert "would have no effect" in result.err


@pytest.mark.usefixtures("interrupted")
def test_what_changes_no_number_may_differ(leyden):
    assert leyden("train", *SHORT, "data.num_workers=1", "resume.keep=5").status == 0


@pytest.mark.parametrize("content", ["notes.txt", "config.yaml/x"])
def test_a_folder_of_something_else_is_refused(content, leyden):
    path = Path("run") / content
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    result = leyden("train", *SHORT)
    assert result.status == 2
    assert "run_dir=run" in result.err
    assert [found for found in Path("run").rglob("*") if found.is_file()] == [path]


def test_a_folder_that_another_run_holds_is_refused(leyden):
    from leyden.run.lock import folder_lock

    with folder_lock(Path("run"), key="run_dir"):
        result = leyden("train", *SHORT)
    assert result.status == 2
    assert "is being run by process" in result.err
    assert not Path("run/config.yaml").exists()


def test_no_such_run_is_one_line(leyden):
    result = leyden("resume", "nowhere")
    assert result.status == 2
    assert "is not a run's folder" in result.err
