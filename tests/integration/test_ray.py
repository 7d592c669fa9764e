"""Sweeps on a real Ray, of our own and one that runs already, whose processes are killed."""

import csv
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

NOT_SEEN = ("--node-ip-address=127.0.0.1", "--include-dashboard=false")
"""From other machines."""


def parents():
    """The parent of each process of this machine."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    return found


def name_of(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
    return ""


def below(root, name):
    """Processes of this name that a process has started, itself or by others."""
    over, found = parents(), []
    for pid in over:
        above = pid
        while above not in (0, root):
            above = over.get(above, 0)
        if above == root and re.search(name, name_of(pid)):
            found.append(pid)
    return found


@pytest.fixture
def words(faulty):
    """Overrides of a sweep whose jobs make ten steps a second; how many, the test says."""
    steps = ("model.seconds=0.1", "trainer.log_every_n_steps=1")
    return ("-m", *faulty, *steps, "hydra/launcher=ray")


@pytest.fixture
def head(monkeypatch):
    """Address and process of a Ray that was started by itself, as `ray start --head` does."""
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # on the loopback address alone
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    place = tempfile.mkdtemp(prefix="ray")  # short: sockets lie in it
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ("--head", f"--port={port}", "--num-cpus=2", "--block", f"--temp-dir={place}")
    command = (sys.executable, "-m", "ray.scripts.scripts", "start", *NOT_SEEN)
    process = subprocess.Popen(
        [*command, *options],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert any("Ray runtime started" in line for line in process.stdout)
        yield f"127.0.0.1:{port}", process
    finally:
        pids = below(process.pid, ".")
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=60)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(place, ignore_errors=True)


def begun(folder, count):
    return lambda: len(list(folder.glob("outputs/*/*/*/metrics.csv"))) >= count


def states_of(folder):
    sweep = json.loads(next(folder.glob("outputs/*/*/sweep.json")).read_text())
    return sorted(job["state"] for job in sweep["jobs"])


def runs_in(folder):
    return [path.parent for path in folder.glob("outputs/*/*/*/run.json")]


def steps_in(run):
    with (run / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]


def test_a_job_whose_worker_is_killed_goes_on_from_its_checkpoint(commands, words):
    started = commands.start(*words, "trainer.max_steps=60", "seed=0")
    commands.wait_for(begun(commands.folder, 1))
    (worker,) = below(started.pid, "ray::run_supervised")
    os.kill(worker, signal.SIGKILL)
    out, err = started.communicate(timeout=200)
    assert started.returncode == 0, err
    (run,) = runs_in(commands.folder)
    assert steps_in(run) == list(range(60))
    assert "goes on from step" in (run / "train.log").read_text()
    assert commands.folder / out.splitlines()[-1] == run.parent  # what Ray says is in `ray.log`
    assert not commands.left_after()


def lose(started, which):
    """Kills a process of the Ray that a sweep has started; what the sweep says then."""
    (pid,) = below(started.pid, f"/{which}$")
    os.kill(pid, signal.SIGKILL)
    _, err = started.communicate(timeout=50)
    assert started.returncode == 75, err
    return err


def test_jobs_stop_with_the_raylet_that_they_run_under(commands, words):
    started = commands.start(*words, "trainer.max_steps=200", "seed=0")
    commands.wait_for(begun(commands.folder, 1))
    assert lose(started, "raylet").count("Ray is gone") == 1
    assert states_of(commands.folder) == ["interrupted"]
    assert not commands.left_after()


def end_agents(commands):
    """Kills those of Ray's agents that wait for a head that is gone.

    They tell it that the raylet has ended, and try for a minute, which can't be changed, and for
    which they handle no signals (ray/_private/utils.py, `publish_error_to_driver`).
    """
    for pid, name in commands.left().items():
        if re.match(r"ray::(Dashboard|RuntimeEnv)Agent", name):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_without_rays_head_jobs_stop_and_the_same_command_goes_on(commands, words):
    words = (*words, "hydra.launcher.cpus_per_job=2", "trainer.max_steps=40", "seed=0,1")
    started = commands.start(*words)
    commands.wait_for(begun(commands.folder, 1))
    assert lose(started, "gcs_server").count("Ray is gone") == 1
    assert states_of(commands.folder) == ["interrupted", "pending"]
    status, _, err = commands.run(*words)
    assert status == 0, err
    for run in runs_in(commands.folder):
        assert steps_in(run) == list(range(40))
    end_agents(commands)
    assert not commands.left_after()


def test_so_do_jobs_of_a_cluster_whose_head_is_killed(head, commands, words):
    address, process = head
    words = (*words, f"hydra.launcher.address={address}", "trainer.max_steps=200", "seed=0,1")
    started = commands.start(*words)
    commands.wait_for(begun(commands.folder, 2))
    for pid in below(process.pid, "gcs_server|raylet"):
        os.kill(pid, signal.SIGKILL)
    _, err = started.communicate(timeout=50)
    assert started.returncode == 75, err
    assert states_of(commands.folder) == ["interrupted"] * 2


def test_a_command_that_is_killed_and_given_again_runs_each_step_once(head, commands, words):
    address, _ = head
    words = (*words, f"hydra.launcher.address={address}", "trainer.max_steps=60", "seed=0")
    killed = commands.start(*words)
    commands.wait_for(begun(commands.folder, 1))
    killed.kill()
    killed.communicate()
    time.sleep(0.5)
    status, _, err = commands.run(*words)
    assert status == 0, err
    (run,) = runs_in(commands.folder)
    assert steps_in(run) == list(range(60))
