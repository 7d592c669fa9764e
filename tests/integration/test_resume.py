"""The same command goes on with what is missing of a sweep."""

import csv
import hashlib
import json
import os
import re
import signal

import pytest

FIVE = "seed=0,1,2,3,4"
ONE_SLOT = "hydra.launcher.slots=1"
SLURM = ("hydra/launcher=slurm", "hydra.launcher.cluster=local")
SLOW = ("model.seconds=0.1", "trainer.log_every_n_steps=1")


def contents(folder):
    """Digest and time of change of every file below a folder."""
    return {
        path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def completed_in(root):
    """Folders of the jobs that are done."""
    records = root.glob("outputs/*/*/*/run.json")
    return [path.parent for path in records if status_of(path.parent) == "completed"]


def running_in(root):
    return [path.parent for path in root.glob("outputs/*/*/*/metrics.csv")]


def status_of(folder):
    return json.loads((folder / "run.json").read_text())["status"]


def sweep_in(root):
    (path,) = root.glob("outputs/*/*/sweep.json")
    return path.parent


def steps_in(folder):
    with (folder / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]


@pytest.fixture
def sweep_file(tmp_path):
    """Writes `experiment=asked`."""

    def write(text):
        (tmp_path / "mine" / "experiment").mkdir(exist_ok=True)
        path = tmp_path / "mine" / "experiment" / "asked.yaml"
        path.write_text(f"# @package _global_\n{text}\n")

    return write


@pytest.mark.slow
def test_a_killed_sweep_repeats_no_finished_job(commands, faulty, leyden, jobs_of):
    words = ("-m", *faulty, FIVE, ONE_SLOT, "model.seconds=0.3")
    killed = commands.start(*words)
    done = commands.wait_for(lambda: len(found := completed_in(commands.folder)) == 2 and found)
    killed.kill()
    killed.communicate()
    assert not commands.left_after()
    before = [contents(folder) for folder in done]
    again = leyden("train", *words)
    assert again.status == 0, again.err
    assert [contents(folder) for folder in done] == before
    states = [job["state"] for job in jobs_of(sweep_in(commands.folder)).values()]
    assert states == ["completed"] * 5


@pytest.mark.slow
def test_a_killed_job_goes_on_from_its_last_checkpoint(commands, faulty, leyden, jobs_of):
    often = "resume.every_steps=10"
    words = ("-m", *faulty, *SLOW, "seed=0", "trainer.max_steps=30", often)
    killed = commands.start(*words)
    commands.wait_for(lambda: any(14 in steps_in(job) for job in running_in(commands.folder)))
    (record,) = commands.folder.glob("outputs/*/*/*/run.json")
    killed.kill()
    os.kill(json.loads(record.read_text())["process"]["pid"], signal.SIGKILL)
    killed.communicate()
    assert not commands.left_after()
    again = leyden("train", *words)
    assert again.status == 0, again.err
    assert re.search(r"goes on from step 10\b", (record.parent / "train.log").read_text())
    assert steps_in(record.parent) == list(range(30))


@pytest.mark.slow
def test_an_interrupted_sweep_is_completed_by_the_same_command(commands, faulty, leyden, jobs_of):
    words = ("-m", *faulty, *SLOW, "seed=0,1", ONE_SLOT, "trainer.max_steps=30")
    stopped = commands.start(*words)
    commands.wait_for(lambda: list(commands.folder.glob("outputs/*/*/*/metrics.csv")))
    stopped.send_signal(signal.SIGINT)
    stopped.communicate(timeout=60)
    states = [job["state"] for job in jobs_of(sweep_in(commands.folder)).values()]
    assert (stopped.returncode, states) == (75, ["interrupted", "pending"])
    assert not commands.left_after()
    again = leyden("train", *words)
    assert again.status == 0, again.err
    assert [steps_in(job) for job in completed_in(commands.folder)] == [list(range(30))] * 2


@pytest.mark.slow
def test_a_second_start_is_refused_while_the_first_runs(commands, faulty, leyden):
    words = ("-m", *faulty, "seed=0", "model.seconds=0.2", "trainer.max_steps=1000")
    first = commands.start(*words)
    commands.wait_for(lambda: list(commands.folder.glob("outputs/*/*/*/metrics.csv")))
    before = contents(sweep_in(commands.folder) / "sweep.json")
    second = leyden("train", *words)
    assert second.status == 2
    assert f"is being run by process {first.pid}" in second.err
    assert contents(sweep_in(commands.folder) / "sweep.json") == before


def test_the_same_command_does_nothing_where_all_is_done(leyden, faulty, jobs_of):
    words = ("train", "-m", *faulty, "seed=0,1")
    folder = leyden(*words).folder
    before = {job["folder"]: contents(folder / job["folder"]) for job in jobs_of(folder).values()}
    again = leyden(*words)
    assert again.status == 0
    assert "nothing to do" in again.err
    assert {name: contents(folder / name) for name in before} == before


def test_a_longer_list_of_values_is_another_sweep(leyden, faulty):
    assert leyden("train", "-m", *faulty, "seed=0").folder != (
        leyden("train", "-m", *faulty, "seed=0,1").folder
    )


def test_a_longer_list_in_a_file_adds_jobs(leyden, faulty, sweep_file, jobs_of):
    sweep_file("sweep: {grid: {seed: [0]}}")
    first = leyden("train", *faulty, "experiment=asked").folder
    (job,) = jobs_of(first).values()
    before = contents(first / job["folder"])
    sweep_file("sweep: {grid: {seed: [0, 1]}}")
    second = leyden("train", *faulty, "experiment=asked").folder
    assert (second, list(jobs_of(second))) == (first, ["seed=0", "seed=1"])
    assert contents(first / job["folder"]) == before


def test_another_order_of_the_words_is_the_same_sweep(leyden, faulty):
    first = leyden("train", "-m", *faulty, "seed=0", "optimizer=sgd")
    second = leyden("train", "-m", *faulty, "optimizer=sgd", "seed=0")
    assert second.folder == first.folder
    assert "nothing to do" in second.err


@pytest.mark.parametrize("words", [(ONE_SLOT,), SLURM, ("sweep.retry=1",)], ids=" ".join)
def test_how_a_sweep_is_run_makes_it_no_other(words, leyden, faulty):
    first = leyden("train", "-m", *faulty, "seed=0")
    second = leyden("train", "-m", *faulty, "seed=0", *words)
    assert second.folder == first.folder


def test_a_failed_job_is_left_alone(leyden, faulty, jobs_of):
    words = ("train", "-m", *faulty, "model.fault=once,none")
    assert leyden(*words).status == 3
    again = leyden(*words)
    assert again.status == 3
    assert jobs_of(again.folder)["model.fault=once"]["attempts"] == 1


def test_a_failed_job_runs_again_where_one_says_so(leyden, faulty, jobs_of):
    words = ("train", "-m", *faulty, "model.fault=once,none")
    first = leyden(*words)
    sound = first.folder / jobs_of(first.folder)["model.fault=none"]["folder"]
    before = contents(sound)
    again = leyden(*words, "sweep.retry=1")
    assert again.status == 0
    assert jobs_of(again.folder)["model.fault=once"]["state"] == "completed"
    assert contents(sound) == before


def test_jobs_that_were_not_reached_run_next_time(leyden, faulty, jobs_of):
    words = ("train", "-m", *faulty, "model.fault=once,none", ONE_SLOT)
    first = leyden(*words, "sweep.fail_fast=true")
    states = [job["state"] for job in jobs_of(first.folder).values()]
    leyden(*words)
    again = [job["state"] for job in jobs_of(first.folder).values()]
    assert (states, again) == (["failed", "pending"], ["failed", "completed"])


@pytest.fixture
def half_done(leyden, faulty, sweep_file, tmp_path):
    """A command whose sweep has a finished and a failed job."""
    sweep_file("sweep: {grid: {model.fault: [none, once]}}")
    command = ("train", *faulty, "experiment=asked", "sweep.retry=0")
    assert leyden(*command).status == 3
    return (*command[:-1], "sweep.retry=1")


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_changed_config_is_refused_with_both_values(half_done, leyden, tmp_path):
    edit(tmp_path / "mine" / "model" / "faulty.yaml", "seconds: 0.0", "seconds: 0.01")
    before = contents(tmp_path / "outputs")
    result = leyden(*half_done)
    assert result.status == 2
    assert "model.seconds=0.01: was 0.0 when the sweep began" in result.err
    assert "sweep.on_drift=continue" in result.err
    assert contents(tmp_path / "outputs") == before


def test_a_key_that_changes_nothing_is_no_change(half_done, leyden, tmp_path, sweep_file):
    sweep_file("sweep: {grid: {model.fault: [none, once]}}\ncallbacks: {predictions: null}")
    assert leyden(*half_done).status == 0


def test_what_is_finished_stays_where_a_change_is_accepted(half_done, leyden, tmp_path, jobs_of):
    folder = sweep_in(tmp_path)
    finished = folder / jobs_of(folder)["model.fault=none"]["folder"]
    before = contents(finished)
    edit(tmp_path / "mine" / "model" / "faulty.yaml", "seconds: 0.0", "seconds: 0.01")
    result = leyden(*half_done, "sweep.on_drift=continue")
    assert result.status == 0
    assert contents(finished) == before
    rerun = folder / jobs_of(folder)["model.fault=once"]["folder"]
    assert "seconds: 0.01" in (rerun / "config.yaml").read_text()


def test_changed_code_is_refused_with_the_file(half_done, leyden, tmp_path):
    edit(tmp_path / "faulty.py", "out of ideas", "out of words")
    before = contents(tmp_path / "outputs")
    result = leyden(*half_done)
    assert result.status == 2
    assert "faulty.py: has changed since the sweep began" in result.err
    assert contents(tmp_path / "outputs") == before


def test_changed_code_matters_not_where_all_is_done(leyden, faulty, tmp_path):
    words = ("train", "-m", *faulty, "seed=0")
    leyden(*words)
    edit(tmp_path / "faulty.py", "out of ideas", "out of words")
    assert leyden(*words).status == 0


def test_a_folder_of_something_else_is_not_taken(leyden, faulty, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "letter.txt").write_text("Dear reader")
    result = leyden("train", "-m", *faulty, "seed=0", "run_dir=here")
    assert result.status == 2
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["letter.txt"]


@pytest.mark.slow
def test_another_launcher_goes_on_with_the_same_sweep(leyden, faulty, jobs_of):
    words = ("train", "-m", *faulty, "model.fault=once,none")
    first = leyden(*words)
    second = leyden(*words, *SLURM, "sweep.retry=1")
    assert (second.status, second.folder) == (0, first.folder)


@pytest.mark.slow
def test_jobs_end_when_their_sweep_is_gone(commands, faulty):
    words = ("-m", *faulty, *SLOW, "seed=0,1", "trainer.max_steps=1000")
    killed = commands.start(*words, "hydra.launcher.slots=2")
    started = commands.wait_for(
        lambda: len(found := list(commands.folder.glob("outputs/*/*/*/metrics.csv"))) == 2 and found
    )
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not commands.left_after()
    assert {status_of(path.parent) for path in started} == {"interrupted"}
