"""Jobs of a sweep run in processes of their own: how they fail, and what they see."""

import json
from pathlib import Path

import pytest
import yaml

SIX = "model.fault=throw,exit,kill,diverge,none,look"
ENDS_OF_SIX = {
    "throw": ("failed", "exception"),
    "exit": ("failed", "exit"),
    "kill": ("failed", "killed"),
    "diverge": ("diverged", "diverged"),
    "none": ("completed", None),
    "look": ("completed", None),
}


def ends_of(jobs):
    return {
        text.partition("=")[2]: (job["state"], job["failure"])
        for text, job in jobs.items()
        if text.startswith("model.fault=")
    }


def notes_in(folder):
    seen = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return sorted(seen, key=lambda one: one["time"])


def test_four_kinds_of_failure_cost_the_other_jobs_nothing(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, SIX)
    assert result.status == 3
    assert ends_of(jobs_of(result.folder)) == ENDS_OF_SIX


@pytest.mark.timeout(600)  # cold starts, in pairs, on one core
@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher",
    [
        ("hydra/launcher=slurm", "hydra.launcher.cluster=local", "hydra.launcher.slots=2"),
        ("hydra/launcher=ray",),
    ],
    ids=["slurm", "ray"],
)
def test_other_launchers_say_the_same_of_the_same_failures(launcher, commands, faulty, jobs_of):
    faults = ("throw", "kill", "diverge", "none")
    words = (*faulty, f"model.fault={','.join(faults)}", *launcher)
    status, out, err = commands.run("-m", *words, seconds=560)
    assert status == 3, err
    ends = ends_of(jobs_of(commands.folder / out.splitlines()[-1]))
    assert ends == {fault: ENDS_OF_SIX[fault] for fault in faults}
    assert not commands.left_after()


@pytest.mark.parametrize(
    ("fault", "state", "failure"),
    [
        ("segfault", "failed", "crash"),
        ("quit", "failed", "exit"),
        ("oom", "oom", "oom"),
    ],
)
def test_a_job_that_dies_is_classified(fault, state, failure, leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, f"model.fault={fault},none")
    assert ends_of(jobs_of(result.folder)) == {
        fault: (state, failure),
        "none": ("completed", None),
    }


def test_a_failed_jobs_traceback_is_in_its_own_log(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "model.fault=throw,none")
    jobs = jobs_of(result.folder)
    failed, sound = (result.folder / jobs[f"model.fault={x}"]["folder"] for x in ("throw", "none"))
    assert "RuntimeError: out of ideas" in (failed / "train.log").read_text()
    assert "RuntimeError" not in (sound / "train.log").read_text()
    assert "Traceback" not in result.err


def test_a_segmentation_faults_stack_is_in_the_jobs_log(leyden, faulty):
    result = leyden("train", "-m", *faulty, "model.fault=segfault")
    (log,) = result.folder.glob("*/train.log")
    assert "Fatal Python error: Segmentation fault" in log.read_text()


def test_a_job_keeps_its_error_in_the_sweeps_record(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "model.fault=throw")
    (job,) = jobs_of(result.folder).values()
    lines = Path("faulty.py").read_text().splitlines()
    place = 1 + next(i for i, line in enumerate(lines) if "out of ideas" in line)
    said = {"type": "RuntimeError", "message": "out of ideas", "where": f"faulty.py:{place}"}
    assert job["error"] == said


def test_the_first_failure_ends_a_sweep_that_fails_fast(leyden, faulty, jobs_of):
    words = ("sweep.fail_fast=true", "hydra.launcher.slots=1", "model.fault=none,throw,look")
    result = leyden("train", "-m", *faulty, *words)
    states = [job["state"] for job in jobs_of(result.folder).values()]
    assert result.status == 3
    assert states == ["completed", "failed", "pending"]


def test_failing_fast_interrupts_what_runs(leyden, faulty, jobs_of):
    words = ("sweep.fail_fast=true", "hydra.launcher.slots=2", "trainer.max_steps=1000")
    slow_or_bad = "sweep.list=[{model.seconds:0.1},{model.fault:throw,model.seconds:1}]"
    result = leyden("train", "-m", *faulty, *words, slow_or_bad)
    states = [job["state"] for job in jobs_of(result.folder).values()]
    assert result.status == 3
    assert states == ["interrupted", "failed"]


def test_a_failed_job_is_tried_again(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "sweep.retry=1", "model.fault=once")
    (job,) = jobs_of(result.folder).values()
    assert result.status == 0
    assert (job["state"], job["failure"], job["attempts"]) == ("completed", None, 2)


def test_a_job_is_tried_no_more_often_than_said(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "sweep.retry=2", "model.fault=throw")
    (job,) = jobs_of(result.folder).values()
    assert (job["state"], job["attempts"]) == ("failed", 3)


def test_a_diverged_job_is_not_tried_again(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "sweep.retry=1", "model.fault=diverge")
    (job,) = jobs_of(result.folder).values()
    assert (job["state"], job["attempts"]) == ("diverged", 1)


def test_every_job_has_a_process_of_its_own(leyden, faulty, tmp_path):
    leyden("train", "-m", *faulty, "model.fault=look", "seed=0,1,2")
    assert len({one["pid"] for one in notes_in(tmp_path)}) == 3


def test_a_job_has_one_core_and_one_thread(leyden, faulty, tmp_path):
    leyden("train", "-m", *faulty, "model.fault=look", "seed=0,1")
    assert [(len(one["cores"]), one["threads"]) for one in notes_in(tmp_path)] == [(1, 1), (1, 1)]


def test_the_process_that_jobs_are_forked_from_has_one_thread_and_no_cuda(leyden, faulty, tmp_path):
    leyden("train", "-m", *faulty, "model.fault=look", "seed=0,1")
    seen = {(one["threads_of_parent"], one["cuda"]) for one in notes_in(tmp_path)}
    assert seen == {(1, False)}


def test_what_a_job_does_to_its_environment_stays_with_it(leyden, faulty, tmp_path):
    leyden("train", "-m", *faulty, "model.fault=look", "seed=0,1", "hydra.launcher.slots=1")
    assert [one["left"] for one in notes_in(tmp_path)] == [None, None]


def test_one_slot_runs_one_job_at_a_time(leyden, faulty):
    words = ("seed=0,1", "model.seconds=0.5", "hydra.launcher.slots=1")
    result = leyden("train", "-m", *faulty, *words)
    assert most_at_once(result.folder) == 1


def test_as_many_jobs_run_at_once_as_there_are_slots(leyden, faulty):
    words = ("seed=0,1,2", "model.seconds=1", "hydra.launcher.slots=3")
    result = leyden("train", "-m", *faulty, *words)
    assert most_at_once(result.folder) == 3


@pytest.mark.slow
def test_a_cold_start_runs_jobs_too(leyden, faulty, tmp_path):
    words = ("seed=0,1", "model.fault=look", "hydra.launcher.start=cold")
    result = leyden("train", "-m", *faulty, *words)
    assert result.status == 0
    assert [one["threads"] for one in notes_in(tmp_path)] == [1, 1]


TWO = ("strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu")


def test_two_ranks_share_a_job_and_its_folder(leyden, faulty, tmp_path):
    result = leyden("train", "-m", *faulty, "model.fault=look", "seed=0", *TWO)
    assert result.status == 0, result.err
    assert {one["rank"] for one in notes_in(tmp_path)} == {"0", "1"}
    assert len(list(result.folder.glob("*/run.json"))) == 1


def test_two_ranks_see_each_sample_once(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "seed=0", *TWO)
    (job,) = jobs_of(result.folder).values()
    record = json.loads((result.folder / job["folder"] / "run.json").read_text())
    assert (record["steps"], record["samples"]) == (3, 3 * 64)


def test_a_rank_that_dies_takes_the_job_with_it(leyden, faulty, jobs_of):
    result = leyden("train", "-m", *faulty, "model.fault=kill", *TWO)
    (job,) = jobs_of(result.folder).values()
    assert (job["state"], job["failure"]) == ("failed", "killed")


def test_a_sweep_may_be_declared_in_a_file_alone(leyden, faulty, tmp_path, jobs_of):
    folder = tmp_path / "mine" / "experiment"
    folder.mkdir()
    text = yaml.safe_dump({"sweep": {"grid": {"seed": [0, 1]}}})
    (folder / "asked.yaml").write_text(f"# @package _global_\n{text}")
    result = leyden("train", *faulty, "experiment=asked")
    assert list(jobs_of(result.folder)) == ["seed=0", "seed=1"]
    assert result.folder.parent.name == "asked"


def most_at_once(folder):
    """How many jobs were training at the same moment, by their records' times."""
    records = [json.loads(path.read_text()) for path in folder.glob("*/run.json")]
    spans = [(one["started"], one["ended"]) for one in records]
    return max(sum(a <= start < b for a, b in spans) for start, _ in spans)
