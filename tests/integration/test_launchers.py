"""Slurm's and Ray's ways of running jobs, on this machine: time limits, and a Ray that runs."""

import csv
import os
import secrets
import signal
import socket
import subprocess
import sys

import pytest

SLURM = ("hydra/launcher=slurm", "hydra.launcher.cluster=local")
STEPS = ("model.seconds=0.2", "trainer.log_every_n_steps=1")


def only_job_in(folder):
    (record,) = folder.glob("*/run.json")
    return record.parent


def steps_in(folder):
    with (folder / "metrics.csv").open() as file:
        return [int(row["step"]) for row in csv.DictReader(file) if row["train/loss"]]


@pytest.mark.slow
def test_a_job_that_outlasts_its_time_is_requeued_and_goes_on(leyden, faulty):
    limit = ("hydra.launcher.timeout_min=0.5", "hydra.launcher.signal_delay_s=10")
    # On a busy machine the start takes most of the time, and each leaves few steps.
    limit += ("hydra.launcher.max_requeues=20",)
    words = (*faulty, *STEPS, *SLURM, *limit, "trainer.max_steps=100", "seed=0")
    result = leyden("train", "-m", *words)
    job = only_job_in(result.folder)
    assert result.status == 0, result.err
    assert "goes on from step" in (job / "train.log").read_text()
    assert steps_in(job) == list(range(100))


@pytest.mark.slow
def test_a_job_that_outlasts_its_time_too_often_has_failed(leyden, faulty, jobs_of):
    limit = ("hydra.launcher.timeout_min=0.2", "hydra.launcher.signal_delay_s=2")
    words = (*faulty, *STEPS, *SLURM, *limit, "hydra.launcher.max_requeues=0")
    result = leyden("train", "-m", *words, "trainer.max_steps=1000", "seed=0")
    (job,) = jobs_of(result.folder).values()
    assert result.status == 3
    assert (job["state"], job["failure"]) == ("failed", "timeout")


@pytest.mark.slow
def test_submitted_jobs_stop_with_a_checkpoint_when_the_sweep_is_told_to(commands, faulty, jobs_of):
    words = ("-m", *faulty, *STEPS, *SLURM, "trainer.max_steps=1000", "seed=0")
    sweep = commands.start(*words)
    commands.wait_for(lambda: list(commands.folder.glob("outputs/*/*/*/metrics.csv")))
    sweep.send_signal(signal.SIGINT)
    out, err = sweep.communicate(timeout=60)
    folder = commands.folder / out.splitlines()[-1]
    assert sweep.returncode == 75, err
    assert [job["state"] for job in jobs_of(folder).values()] == ["interrupted"]
    assert list((only_job_in(folder) / "checkpoints").glob("step-*.ckpt"))
    assert not commands.left_after()


@pytest.mark.slow
def test_a_submitted_job_outlives_the_sweep_and_is_taken_over(commands, faulty, jobs_of):
    words = ("-m", *faulty, *STEPS, *SLURM, "trainer.max_steps=50", "seed=0")
    killed = commands.start(*words)
    commands.wait_for(lambda: list(commands.folder.glob("outputs/*/*/*/metrics.csv")))
    killed.kill()
    killed.communicate()
    status, out, err = commands.run(*words)
    folder = commands.folder / out.splitlines()[-1]
    assert status == 0, err
    assert steps_in(only_job_in(folder)) == list(range(50))
    assert "goes on from step" not in (only_job_in(folder) / "train.log").read_text()
    assert not commands.left_after()


RAY = """
import sys, time
import ray
context = ray.init(
    include_dashboard=False, num_cpus=2, _node_ip_address="127.0.0.1", log_to_driver=False
)
print(context.address_info["gcs_address"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def ray(tmp_path_factory, monkeypatch):
    """Address of a Ray that was started elsewhere, and knows nothing of the test's folder."""
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # on the loopback address alone
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    process = subprocess.Popen(
        [sys.executable, "-c", RAY],
        cwd=tmp_path_factory.mktemp("ray"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LEYDEN_PACKAGES": ""},
    )
    yield process.stdout.readline().strip()
    process.communicate("", timeout=60)


@pytest.mark.slow
def test_a_ray_that_runs_elsewhere_takes_the_jobs_and_stays(ray, commands, faulty, jobs_of):
    words = ("hydra/launcher=ray", f"hydra.launcher.address={ray}", "model.fault=look,throw")
    status, out, err = commands.run("-m", *faulty, *words)
    assert status == 3, err
    jobs = jobs_of(commands.folder / out.splitlines()[-1])
    assert {text: (job["state"], job["failure"]) for text, job in jobs.items()} == {
        "model.fault=look": ("completed", None),
        "model.fault=throw": ("failed", "exception"),
    }
    host, port = ray.rsplit(":", 1)
    socket.create_connection((host, int(port)), timeout=5).close()
