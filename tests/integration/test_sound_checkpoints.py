"""There is always a checkpoint that loads, whatever happens while one is written or afterwards."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.job import JobProcesses
from leyden.planning.resolve import resolve_config
from leyden.run.checkpoint_file import defect_of, marker_of
from leyden.run.checkpoints import LAST, find_intact, read_step
from leyden.testing.faults import POINTS, faulty
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

SHORT = (
    *("model.width=8", "trainer.max_steps=12", "resume.every_steps=3", "callbacks.best=null"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "trainer.log_every_n_steps=1",
)


def status_of(folder):
    return json.loads((folder / "run.json").read_text())["status"]


def made(folder, *words):
    """A run's folder, in which nothing was done yet."""
    (job,) = compose_request(Request((*SHORT, *words))).jobs
    return prepare(job, resolve_config(job.cfg), command=[], folder=folder).folder


@pytest.fixture
def prepared(tmp_path):
    return partial(made, tmp_path / "run")


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A run that was killed at step 11, with checkpoints of the steps 3, 6 and 9."""
    folder = made(tmp_path_factory.mktemp("killed") / "run", "resume.keep=3")
    with faulty("SIGKILL@step:11"):
        assert JobProcesses(RunWork(folder)).wait() == -9
    assert [read_step(path) for path in checkpoints(folder)] == [3, 6, 9]
    return folder


@pytest.fixture
def three(killed, tmp_path):
    """A copy of it, which a test may damage."""
    return Path(shutil.copytree(killed, tmp_path / "run"))


def checkpoints(folder):
    return sorted((folder / "checkpoints").glob("step-*.ckpt"), key=read_step)


@pytest.mark.parametrize("point", POINTS)
def test_one_killed_while_it_saves_leaves_a_checkpoint_that_loads(point, prepared):
    folder = prepared("resume.keep=1")
    with faulty(f"SIGKILL@save:3:{point}"):
        assert JobProcesses(RunWork(folder)).wait() == -9
    path, defects = find_intact(folder, LAST)
    assert path.name == {"remove": "step-9.ckpt"}.get(point, "step-6.ckpt")
    assert len(defects) == (point == "marker")  # a file that is whole, but can't be checked
    assert JobProcesses(RunWork(folder)).wait() == 0
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {
        "step-12.ckpt",
        "step-12.json",
    }


@pytest.mark.slow
def test_what_is_written_is_whole_though_temporary_files_lie_on_another_device(
    prepared, monkeypatch
):
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    folder = prepared()
    with faulty("SIGKILL@save:3:half"):
        assert JobProcesses(RunWork(folder), start="cold").wait() == -9
    assert find_intact(folder, LAST)[0].name == "step-6.ckpt"


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def make_folder(path):
    path.unlink()
    path.mkdir()


def loop(path):
    path.unlink()
    path.symlink_to(path)


DAMAGES = {
    "truncated": truncate,
    "empty": lambda path: path.write_bytes(b""),
    "flipped": flip,
    "missing": Path.unlink,
    "folder": make_folder,
    "loop": loop,
    "garbage": lambda path: path.write_bytes(b"x" * path.stat().st_size),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_with_a_word(damage, three):
    DAMAGES[damage](checkpoints(three)[-1])
    path, (defect,) = find_intact(three, LAST)
    assert path.name == "step-6.ckpt"
    assert "step-9.ckpt" in defect


def test_a_run_goes_on_from_the_one_before_a_damaged_checkpoint(three, leyden):
    flip(checkpoints(three)[-1])
    result = leyden("resume", str(three))
    assert result.status == 0
    assert "step-9.ckpt is damaged" in result.err
    assert "goes on from step 6" in result.err
    assert all(defect_of(path) is None for path in checkpoints(three))


def test_a_run_none_of_whose_checkpoints_is_sound_does_not_begin_anew(three, leyden):
    for path in checkpoints(three):
        flip(path)
    before = [path.read_bytes() for path in checkpoints(three)]
    result = leyden("resume", str(three))
    assert result.status == 1
    assert "no checkpoint can be used" in result.err
    assert [path.read_bytes() for path in checkpoints(three)] == before


def test_checkpoints_whose_markers_are_lost_are_taken_with_a_word(three, leyden):
    for path in checkpoints(three):
        marker_of(path).unlink()
    result = leyden("resume", str(three))
    assert result.status == 0
    assert "step-9.ckpt has no marker that can be read; step-9.ckpt is taken" in result.err
    assert "goes on from step 9" in result.err


def test_a_marker_that_is_broken_is_passed_over_with_a_word(three, leyden):
    marker_of(checkpoints(three)[-1]).write_text("{")
    result = leyden("resume", str(three))
    assert "step-9.ckpt has no marker that can be read; step-6.ckpt is taken" in result.err


def test_a_run_whose_checkpoints_are_gone_says_that_it_begins_anew(leyden):
    with faulty("SIGTERM@step:5"):
        leyden("train", *SHORT, "run_dir=run")
    shutil.rmtree("run/checkpoints")
    assert "no checkpoint to resume from" in leyden("resume", "run").err


def test_the_newest_is_found_by_its_step_and_not_by_the_time_of_its_file(three):
    import os

    os.utime(checkpoints(three)[-1], (0, 0))
    os.utime(marker_of(checkpoints(three)[-1]), (0, 0))
    assert find_intact(three, LAST)[0].name == "step-9.ckpt"


def test_a_moved_run_keeps_its_best_and_touches_nothing_where_it_was(leyden, tmp_path):
    words = ("model.width=8", "callbacks.best.keep=2", "resume.every_steps=5")
    with faulty("SIGTERM@step:90"):
        assert leyden("train", *words, "run_dir=here", "trainer.max_epochs=6").status == 75
    shutil.copytree("here", "copy")
    Path("here").rename("there")
    before = {path: path.stat().st_mtime_ns for path in Path("copy").rglob("*")}
    shutil.copytree("copy", "here")
    assert leyden("resume", "there").status == 0
    assert len(list(Path("there/checkpoints").glob("best-*.ckpt"))) == 2
    names = {path.name: path.read_bytes() for path in Path("here/checkpoints").iterdir()}
    assert names == {path.name: path.read_bytes() for path in Path("copy/checkpoints").iterdir()}
    assert {path: path.stat().st_mtime_ns for path in Path("copy").rglob("*")} == before


ERRORS = ("ENOSPC", "EDQUOT", "EIO", "EACCES", "EROFS")
AT = ("half", "fsync", "rename", "marker")


# What is done after an error does not depend on where it comes from: each with each is not needed.
@pytest.mark.parametrize(
    ("error", "point"),
    [*(("ENOSPC", point) for point in AT), *zip(ERRORS[1:], AT, strict=True)],
)
def test_a_checkpoint_that_fails_costs_no_other(error, point, prepared):
    folder = prepared("resume.keep=1")
    with faulty(f"{error}@save:3:{point} SIGKILL@step:11"):
        assert JobProcesses(RunWork(folder)).wait() == -9
    assert find_intact(folder, LAST)[0] == folder / "checkpoints" / "step-6.ckpt"
    assert "no checkpoint at step 9" in (folder / "train.log").read_text()
    assert JobProcesses(RunWork(folder)).wait() == 0


def test_a_run_whose_last_checkpoint_fails_has_failed(leyden):
    with faulty("ENOSPC@save:1:fsync"):
        words = ("callbacks.best=null", "resume.every_minutes=null")
        result = leyden("train", "trainer=smoke", *words, "run_dir=run")
    assert result.status == 1
    assert "No space left" in result.err
    assert status_of(Path("run")) == "failed"


def test_a_run_that_can_write_no_checkpoint_at_all_fails_after_three(prepared):
    folder = prepared("trainer.max_steps=100")
    with faulty(*(f"ENOSPC@save:{number}:fsync" for number in range(1, 9))):
        assert JobProcesses(RunWork(folder)).wait() == 1
    record = json.loads((folder / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("failed", 9)
    assert "No space left" in record["error"]["message"]


def test_checkpoints_can_be_read_by_whom_the_umask_allows(leyden):
    import os

    before = os.umask(0o027)
    try:
        assert leyden("train", *SHORT, "run_dir=run").status == 0
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in Path("run/checkpoints").iterdir()}
    assert modes == {0o640}
