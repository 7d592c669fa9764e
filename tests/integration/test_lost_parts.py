"""Sweeps that lose a process, a folder, a file or the room on the disk: the other jobs go on."""

import contextlib
import errno
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from leyden.cli import main
from leyden.files import atomic
from leyden.testing.faults import faulty as faulty_runs

LONG = (
    *("-m", "run_dir=it", "seed=0,1", "hydra.launcher.slots=2", "sweep.report=false"),
    *("model.width=8", "trainer.max_steps=1800", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
    "trainer.log_every_n_steps=10",
)
SHORT = (*LONG[:5], "trainer=smoke", *LONG[7:])


def sweep_of(folder):
    return json.loads((folder / "it" / "sweep.json").read_text())


def states(folder):
    return [job["state"] for job in sweep_of(folder)["jobs"]]


def jobs_in(folder):
    """Running jobs: their folders and their processes."""
    found = {}
    for path in (folder / "it").glob("*/run.json"):
        record = json.loads(path.read_text())
        is_training = (path.parent / "metrics.csv").exists()
        if record["status"] == "running" and is_training:
            found[path.parent] = record["process"]["pid"]
    return found


def both(commands):
    return commands.wait_for(
        lambda: len(jobs_in(commands.folder)) == 2 and jobs_in(commands.folder)
    )


def server_of(commands):
    """The process that jobs are forked from."""
    pid = next(iter(jobs_in(commands.folder).values()))
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def losses(folder):
    return [json.loads(path.read_text())["losses"] for path in sorted(folder.glob("*/run.json"))]


@pytest.mark.slow
def test_a_job_that_is_told_to_stop_by_others_is_started_again(commands):
    process = commands.start(*LONG)
    first = both(commands)
    os.kill(min(first.values()), signal.SIGTERM)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, (out, err)
    assert states(commands.folder) == ["completed"] * 2
    assert sorted(job["attempts"] for job in sweep_of(commands.folder)["jobs"]) == [1, 2]


@pytest.mark.slow
def test_a_command_that_is_given_again_at_once_after_a_kill_finishes_all_jobs(commands):
    killed = commands.start(*LONG)
    both(commands)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    status, out, err = commands.run(*LONG)
    assert status == 0, (out, err)
    assert states(commands.folder) == ["completed"] * 2
    assert not commands.left_after()


@pytest.mark.slow
def test_jobs_outlast_the_process_that_they_were_forked_from(commands):
    process = commands.start(*LONG)
    both(commands)
    os.kill(server_of(commands), signal.SIGKILL)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, (out, err)
    assert [job["attempts"] for job in sweep_of(commands.folder)["jobs"]] == [1, 1]
    assert not commands.left_after()


@pytest.mark.slow
def test_of_a_job_that_dies_with_the_process_it_was_forked_from_no_exit_status_is_told(commands):
    process = commands.start(*LONG, "sweep.retry=0")
    jobs = both(commands)
    os.kill(server_of(commands), signal.SIGKILL)
    os.kill(min(jobs.values()), signal.SIGKILL)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 3, (out, err)
    (error,) = [job["error"] for job in sweep_of(commands.folder)["jobs"] if job["error"]]
    assert error["message"] == (
        "the process that jobs are forked from was killed; how this one ended is not known"
    )


@pytest.mark.slow
def test_a_second_ctrl_c_is_told_as_what_it_is(commands, faulty):
    words = ("-m", "run_dir=it", *faulty, "seed=0", "model.seconds=5", "trainer.max_steps=99")
    process = commands.start(*words, "trainer.log_every_n_steps=1")
    commands.wait_for(lambda: [*commands.folder.glob("it/*/metrics.csv")])  # within a step
    process.send_signal(signal.SIGINT)
    commands.wait_for(lambda: b"stopping" in os.read(process.stderr.fileno(), 9999))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 75
    (job,) = sweep_of(commands.folder)["jobs"]
    assert job["state"] == "interrupted"
    assert job["error"]["message"] == (
        "Leyden killed the process: the user asked for its end a second time"
    )


@pytest.mark.slow
def test_a_job_whose_folder_vanishes_costs_the_other_nothing(commands):
    process = commands.start(*LONG)
    gone = min(both(commands))
    shutil.rmtree(gone, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(gone)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 3, (out, err)
    assert sorted(states(commands.folder)) == ["completed", "failed"]
    assert "Traceback" not in err
    assert "Nothing was started" not in err
    status, out, err = commands.run(*LONG)
    assert status == 0, (out, err)
    assert states(commands.folder) == ["completed"] * 2


@pytest.fixture(scope="session")
def finished_sweep(tmp_path_factory):
    """Folder of a sweep that has ended well."""
    folder = tmp_path_factory.mktemp("finished")
    with contextlib.chdir(folder):
        assert main(["train", *SHORT]) == 0
    return folder / "it"


@pytest.fixture
def own_sweep(finished_sweep):
    """A copy of it here, which a test may damage."""
    shutil.copytree(finished_sweep, "it")


@pytest.mark.usefixtures("own_sweep")
@pytest.mark.parametrize(
    "content", ["", "{", '{"jobs": 3}', "[]", None], ids=["empty", "cut", "other", "list", "gone"]
)
def test_a_sweep_whose_record_is_damaged_is_found_again_by_its_jobs(content, leyden):
    before, path = losses(Path("it")), Path("it/sweep.json")
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    result = leyden("train", *SHORT)
    assert result.status == 0
    assert "jobs that were found by their folders: 2" in result.err
    assert "nothing to do" in result.err
    assert states(Path()) == ["completed"] * 2
    assert losses(Path("it")) == before
    assert (Path("it/sweep.damaged.json").exists()) is (content is not None)


@pytest.mark.usefixtures("own_sweep")
@pytest.mark.parametrize("content", ["", "{", "[]", None])
def test_a_job_whose_record_is_damaged_costs_the_others_nothing(content, leyden):
    path = min(Path("it").glob("*/run.json"))
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    checkpoints = sorted(path.parent.glob("checkpoints/*"))
    result = leyden("train", *SHORT)
    assert result.status == 3
    assert states(Path()) == ["failed", "completed"]
    assert "remove its folder to have it run anew" in result.err
    assert sorted(path.parent.glob("checkpoints/*")) == checkpoints
    shutil.rmtree(path.parent)
    assert leyden("train", *SHORT).status == 0
    assert states(Path()) == ["completed"] * 2


@pytest.mark.parametrize("content", ["", "{", "- a list", None])
def test_a_job_whose_config_is_damaged_costs_the_others_nothing(content, leyden):
    with faulty_runs("SIGKILL@step:2"):
        leyden("train", *SHORT, "trainer.max_steps=4")
    path = min(Path("it").glob("*/config.yaml"))
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    result = leyden("train", *SHORT, "trainer.max_steps=4", "sweep.retry=1")
    assert "Traceback" not in result.err
    assert "Nothing was started" not in result.err
    assert result.status == 3
    assert sorted(states(Path())) == ["completed", "failed"]
    assert "remove its folder to have it run anew" in result.err


def full(monkeypatch, is_concerned):
    """Lets the disk be full for some files."""
    original = os.fsync

    def fsync(handle):
        if is_concerned(Path(os.readlink(f"/proc/self/fd/{handle}"))):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(handle)

    monkeypatch.setattr(atomic.os, "fsync", fsync)


def test_a_disk_that_is_full_when_a_job_is_to_be_prepared_leaves_it_for_later(leyden, monkeypatch):
    with monkeypatch.context() as patched:
        full(patched, lambda path: "seed1" in path.parts[-2])
        result = leyden("train", *SHORT)
        assert result.status == 3
        assert "No space left on device" in result.err
        assert sorted(states(Path())) == ["completed", "pending"]
    assert leyden("train", *SHORT).status == 0
    assert states(Path()) == ["completed"] * 2


def test_a_disk_that_is_full_for_the_sweeps_record_ends_no_job(leyden, monkeypatch):
    calls = []

    def is_second(path):
        calls.extend([path] if "sweep.json" in path.name else [])
        return "sweep.json" in path.name and len(calls) > 1

    with monkeypatch.context() as patched:
        full(patched, is_second)
        result = leyden("train", *SHORT)
        assert result.status == 3
        assert "sweep.json can't be written: [Errno 28] No space left on device" in result.err
    result = leyden("train", *SHORT)
    assert result.status == 0
    assert "nothing to do" in result.err
    assert states(Path()) == ["completed"] * 2


@pytest.mark.parametrize("name", [".owner.json", "sweep.json", "code.json"])
def test_a_disk_that_is_full_from_the_begin_is_one_line(name, leyden, monkeypatch):
    with monkeypatch.context() as patched:
        full(patched, lambda path: name in path.name)
        result = leyden("train", *SHORT)
    assert result.status == 1
    assert "No space left on device" in result.err
    assert "Traceback" not in result.err
    assert "Nothing was started" not in result.err
    assert leyden("train", *SHORT).status == 0


def test_a_disk_that_is_full_when_a_job_has_its_record_leaves_it_to_the_same_command(
    leyden, monkeypatch
):
    with monkeypatch.context() as patched:
        full(patched, lambda path: "preparation.json" in path.name)
        result = leyden("train", *SHORT)
    assert result.status == 3
    assert "No space left on device" in result.out + result.err
    assert "Traceback" not in result.err
    assert leyden("train", *SHORT).status == 0
    assert states(Path()) == ["completed"] * 2


@pytest.mark.slow
def test_a_run_of_two_processes_that_is_given_again_at_once_after_a_kill_is_finished(commands):
    words = (*LONG[5:], "run_dir=it", "trainer.devices=2", "trainer.strategy=ddp")
    words += ("trainer.max_steps=500",)
    killed = commands.start(*words)
    commands.wait_for(lambda: (commands.folder / "it" / "metrics.csv").exists())
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    status, out, err = commands.run(*words)
    assert status == 0, (out, err)
    assert "goes on from step" in err
