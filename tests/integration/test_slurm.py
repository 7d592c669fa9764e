"""Sweeps on a real Slurm of one node with two cores, which `.ci/one_node_slurm.sh` starts."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from shutil import which

import pytest
import torch
from filelock import FileLock

from leyden.run.checkpoints import LAST, checkpoints_in
from leyden.sweeps.launchers.slurm_queue import slurm_name

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # they wait for each other

CLUSTER = "leydentests"
"""Its name there: no other Slurm is given the tests' jobs."""


def answer(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout if done.returncode == 0 else ""


class Slurm:
    """The jobs of a test in Slurm."""

    def __init__(self, folder):
        self.folder = folder

    def jobs(self):
        """Their numbers and states, by the run's folder."""
        rows = answer("squeue", "--noheader", "--states=all", "--format=%j|%i|%T").splitlines()
        known = {name: (number, state) for name, number, state in (r.split("|") for r in rows)}
        folders = [path.parent for path in self.folder.glob("outputs/*/*/*/run.json")]
        return {f.name: known[slurm_name(f)] for f in folders if slurm_name(f) in known}

    def number(self):
        ((number, _),) = self.jobs().values()
        return number

    def states(self):
        return Counter(state for _, state in self.jobs().values())

    def wait_for(self, state, count=1):
        wait_until(lambda: self.states()[state] >= count)

    def end(self):
        """Cancels what is left, and waits until it has ended."""
        for number, _ in self.jobs().values():
            answer("scancel", number)
        wait_until(lambda: not {"RUNNING", "COMPLETING", "PENDING"} & self.states().keys())


def wait_until(happened, seconds=90):
    deadline = time.monotonic() + seconds
    while not (found := happened()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


@pytest.fixture
def slurm(commands, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # the user's model, also within Slurm's jobs
    if which("scontrol") is None or f"= {CLUSTER}\n" not in answer("scontrol", "show", "config"):
        pytest.skip("no Slurm for tests answers here; .ci/one_node_slurm.sh starts one")
    with FileLock(Path(os.environ["SLURM_CONF"]).with_name("tests.lock")):
        made = Slurm(tmp_path)
        yield made
        made.end()


@pytest.fixture
def words(faulty):
    """Overrides of a sweep whose jobs make ten steps a second; how many, the test says."""
    steps = ("model.seconds=0.1", "trainer.log_every_n_steps=1")
    return ("-m", *faulty, *steps, "hydra/launcher=slurm")


def sweep_of(folder):
    return json.loads(next(folder.glob("outputs/*/*/sweep.json")).read_text())


def states_of(folder):
    return Counter(job["state"] for job in sweep_of(folder)["jobs"])


def records_of(folder):
    return [json.loads(path.read_text()) for path in folder.glob("outputs/*/*/*/run.json")]


def only_run(folder):
    (record,) = folder.glob("outputs/*/*/*/run.json")
    return record.parent


def steps_in(run):
    with (run / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]


def begun(folder, count=1):
    return lambda: len(list(folder.glob("outputs/*/*/*/metrics.csv"))) >= count


def weights(run):
    path, _ = checkpoints_in(run / "checkpoints", LAST)[0]
    return torch.load(path, weights_only=True)["state_dict"]


def assert_as_undisturbed(run, leyden, faulty, steps):
    """It has every step once, and the weights of a run that nothing has disturbed, to the bit."""
    alone = leyden("train", *faulty, f"trainer.max_steps={steps}", "seed=0").folder
    assert steps_in(run) == list(range(steps))
    torch.testing.assert_close(weights(run), weights(alone), rtol=0, atol=0)


def test_jobs_wait_run_and_end_as_the_sweeps_record_says(slurm, commands, words):
    started = commands.start(*words, "trainer.max_steps=60", "seed=0,1,2")
    commands.wait_for(lambda: slurm.states()["PENDING"] == 1 and slurm.states()["RUNNING"] == 2)
    commands.wait_for(lambda: states_of(commands.folder) == {"pending": 1, "running": 2})
    _, err = started.communicate(timeout=200)
    assert started.returncode == 0, err
    assert states_of(commands.folder) == {"completed": 3}
    assert "sacct" not in err
    assert not commands.left_after()


def test_a_job_that_outruns_its_time_goes_on_after_the_requeue_with_the_same_weights(
    slurm, commands, words, leyden, faulty
):
    started = commands.start(*words, "trainer.max_steps=400", "seed=0")
    commands.wait_for(begun(commands.folder))
    # Slurm looks at limits, which are whole minutes, twice a minute, and signals a minute early.
    answer("scontrol", "update", f"JobId={slurm.number()}", "TimeLimit=1")
    slurm.wait_for("PENDING")
    commands.wait_for(lambda: states_of(commands.folder) == {"pending": 1})
    run = only_run(commands.folder)
    assert [record["status"] for record in records_of(commands.folder)] == ["interrupted"]
    assert steps_in(run)[-1] + 1 == checkpoints_in(run / "checkpoints", LAST)[0][1].step
    # Slurm lets a requeued job wait for two minutes.
    now = ("StartTime=now", "TimeLimit=60")
    answer("scontrol", "update", f"JobId={slurm.number()}", *now)
    _, err = started.communicate(timeout=200)
    assert started.returncode == 0, err
    assert "goes on from step" in (run / "train.log").read_text()
    assert_as_undisturbed(run, leyden, faulty, 400)


def test_a_job_that_gets_no_further_in_its_time_has_failed_and_says_so(slurm, commands, words):
    limit = ("hydra.launcher.signal_delay_s=1", "model.seconds=60")
    started = commands.start(*words, *limit, "trainer.max_steps=9", "seed=0")
    wait_until(lambda: "running" in [record["status"] for record in records_of(commands.folder)])
    answer("scancel", "--signal=USR2", slurm.number())  # as Slurm does when time is nearly up
    _, err = started.communicate(timeout=120)
    assert started.returncode == 3, err
    (job,) = sweep_of(commands.folder)["jobs"]
    assert (job["state"], job["failure"]) == ("failed", "timeout")
    assert job["error"]["message"].startswith("no checkpoint since its start when its time was up")


def test_a_job_that_gives_way_to_another_one_goes_on_with_the_same_weights(
    slurm, commands, words, leyden, faulty
):
    workers = "data.num_workers=1"  # Slurm's signals reach them too
    started = commands.start(*words, workers, "trainer.max_steps=100", "seed=0")
    commands.wait_for(begun(commands.folder))
    answer("sbatch", "--partition=high", "--ntasks=2", "--output=/dev/null", "--wrap=sleep 1")
    slurm.wait_for("PENDING")
    answer("scontrol", "update", f"JobId={slurm.number()}", "StartTime=now")
    _, err = started.communicate(timeout=200)
    assert started.returncode == 0, err
    assert "SIGTERM at step" in (only_run(commands.folder) / "train.log").read_text()
    assert_as_undisturbed(only_run(commands.folder), leyden, faulty, 100)


def test_a_cancelled_job_has_saved_and_the_same_command_goes_on_with_it(slurm, commands, words):
    words = (*words, "trainer.max_steps=100", "seed=0,1")
    started = commands.start(*words)
    commands.wait_for(begun(commands.folder, 2))
    cancelled, other = slurm.jobs()
    answer("scancel", slurm.jobs()[cancelled][0])
    _, err = started.communicate(timeout=120)
    assert started.returncode == 3, err
    states = {job["folder"]: job["state"] for job in sweep_of(commands.folder)["jobs"]}
    assert states == {cancelled: "interrupted", other: "completed"}
    status, _, err = commands.run(*words)
    assert status == 0, err
    (run,) = commands.folder.glob(f"outputs/*/*/{cancelled}")
    assert steps_in(run) == list(range(100))
    assert "goes on from step" in (run / "train.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_jobs_that_run_or_wait_stop_with_the_sweep(number, slurm, commands, words):
    words = (*words, "trainer.max_steps=1000", "seed=0,1,2")
    started = commands.start(*words)
    commands.wait_for(begun(commands.folder, 2))
    status, _, err = commands.run(*words)  # beside the first: it is refused
    assert (status, err.count("is being run by process")) == (2, 1)
    started.send_signal(number)
    started.send_signal(number if number == signal.SIGTERM else signal.SIGTERM)
    _, err = started.communicate(timeout=60)
    assert started.returncode == 75, err
    assert states_of(commands.folder) == {"interrupted": 3}
    assert len(list(commands.folder.glob("outputs/*/*/*/checkpoints/step-*.json"))) >= 2
    # A job says that it is over before its process has ended.
    wait_until(lambda: not {"PENDING", "RUNNING"} & slurm.states().keys(), seconds=10)
    assert not commands.left_after()


def test_a_sweep_that_is_itself_a_job_stops_its_jobs_when_it_is_cancelled(slurm, commands, words):
    words = (*words, "trainer.max_steps=1000", "seed=0")
    line = shlex.join([sys.executable, "-m", "leyden", "train", *words])
    log = commands.folder / "sweep.log"
    parent = answer("sbatch", "--parsable", f"--output={log}", f"--wrap={line}").strip()
    wait_until(begun(commands.folder))
    answer("scancel", parent)
    wait_until(lambda: states_of(commands.folder) == {"interrupted": 1}, seconds=40)
    wait_until(lambda: not slurm.states()["RUNNING"])
    assert sweep_of(commands.folder)["status"] == "interrupted", log.read_text()
    assert checkpoints_in(only_run(commands.folder) / "checkpoints", LAST)


def test_jobs_wait_for_a_drained_node(slurm, commands, words):
    node = answer("sinfo", "--noheader", "--format=%n").split()[0]
    answer("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")
    try:
        started = commands.start(*words, "trainer.max_steps=3", "seed=0")
        slurm.wait_for("PENDING")
        commands.wait_for(lambda: states_of(commands.folder) == {"pending": 1})
    finally:
        answer("scontrol", "update", f"NodeName={node}", "State=RESUME")
    _, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    assert states_of(commands.folder) == {"completed": 1}


def test_a_job_of_two_processes_has_two_cores(slurm, commands, words):
    ddp = ("strategy=ddp", "trainer.devices=2", "trainer.max_steps=10")
    started = commands.start(*words, *ddp, "seed=0")
    slurm.wait_for("RUNNING")
    assert "NumCPUs=2" in answer("scontrol", "show", "job", slurm.number())
    _, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    assert steps_in(only_run(commands.folder)) == list(range(10))


def test_the_command_given_again_finds_its_jobs_in_slurm(slurm, commands, words):
    words = (*words, "trainer.max_steps=100", "seed=0,1,2")
    killed = commands.start(*words)
    commands.wait_for(begun(commands.folder, 2))
    killed.kill()
    killed.communicate()
    before = {name: number for name, (number, _) in slurm.jobs().items()}
    assert slurm.states() == {"RUNNING": 2, "PENDING": 1}
    again = commands.start(*words)
    commands.wait_for(lambda: sweep_of(commands.folder)["process"]["pid"] == again.pid)
    _, err = again.communicate(timeout=200)
    assert again.returncode == 0, err
    assert {name: number for name, (number, _) in slurm.jobs().items()} == before
    assert states_of(commands.folder) == {"completed": 3}
    for path in commands.folder.glob("outputs/*/*/*/run.json"):
        assert steps_in(path.parent) == list(range(100))


def test_a_request_that_slurm_refuses_is_one_line_and_starts_nothing(slurm, commands, words):
    wrong = "+hydra.launcher.parameters.slurm_partition=nowhere"
    status, _, err = commands.run(*words, wrong, "seed=0,1")
    assert status == 2, err
    assert "hydra/launcher=slurm: Slurm takes no job: sbatch: error:" in err.replace("\n  ", " ")
    assert "Traceback" not in err
    assert not list(commands.folder.glob("outputs/*/*/sweep.json"))
