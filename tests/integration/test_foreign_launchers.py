"""A plain command is one process, whatever another launcher has put into the environment."""

import json
import os
import subprocess
import sys

import pytest

from leyden.distributed import torchrun
from leyden.distributed.torchrun import ignore_other_launchers

TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "1",
    "RANK": "1",
    "WORLD_SIZE": "2",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "GROUP_RANK": "0",
    "MASTER_ADDR": "h",
    "MASTER_PORT": "29500",
}
SLURM = {
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_NAME": "train.sh",
    "SLURM_NTASKS": "4",
    "SLURM_PROCID": "3",
    "SLURM_LOCALID": "3",
    "SLURM_NODEID": "1",
    "SLURM_NNODES": "2",
    "SLURM_NODELIST": "a,b",
}
ENVIRONMENTS = {
    "a rank": {"RANK": "1"},
    "a rank that is no number": {"RANK": "first", "LOCAL_RANK": ""},
    "a number of processes": {"WORLD_SIZE": "2"},
    "a local rank": {"LOCAL_RANK": "1", "NODE_RANK": "1"},
    "an address": {"MASTER_ADDR": "nowhere.invalid", "MASTER_PORT": "29500"},
    "half of torchrun": {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2"},
    "torchrun without an address": {k: v for k, v in TORCHRUN.items() if k != "MASTER_ADDR"},
    "a Slurm job": SLURM,
    "an interactive Slurm job": {**SLURM, "SLURM_JOB_NAME": "interactive", "SLURM_NTASKS": "1"},
    "LSF": {
        "LSB_JOBID": "7",
        "LSB_DJOB_RANKFILE": "/nowhere",
        "JSM_NAMESPACE_SIZE": "2",
        "JSM_NAMESPACE_LOCAL_RANK": "1",
        "JSM_NAMESPACE_RANK": "1",
    },
    "MPI": {"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "PMI_RANK": "1"},
    "Kubeflow": {
        "KUBERNETES_PORT": "tcp://10.0.0.1:443",
        "MASTER_ADDR": "nowhere.invalid",
        "MASTER_PORT": "23456",
        "WORLD_SIZE": "2",
        "RANK": "1",
    },
    "keys of Lightning's trainer": {"PL_TRAINER_FAST_DEV_RUN": "true", "PL_TRAINER_DEVICES": "3"},
}
RUN = (
    *("trainer=smoke", "model.width=8", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
)


ALL = {name: value for one in ENVIRONMENTS.values() for name, value in one.items()}
del ALL["MASTER_ADDR"]  # with it they would be a complete set of torchrun's


@pytest.fixture
def run_among(commands, monkeypatch):
    """Runs `leyden train` where another launcher has set variables."""

    def run(environment, *words):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return commands.run(*RUN, *words)

    return run


def assert_said(environment, err):
    (note,) = [line for line in err.splitlines() if line.startswith("ignored")]
    assert any(name in note for name in environment)
    assert "Traceback" not in err


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_plain_run_ignores_another_launcher_and_says_so(environment, run_among, tmp_path):
    status, out, err = run_among(environment)
    assert status == 0, err
    record = json.loads((tmp_path / out.splitlines()[-1] / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("completed", 2)
    assert_said(environment, err)


def test_so_does_one_whose_imports_see_all_of_it(tmp_path):
    command = [sys.executable, "-m", "leyden", "train", *RUN]
    environment = {**os.environ, **ALL}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert result.returncode == 0, result.stderr
    record = json.loads((tmp_path / result.stdout.splitlines()[-1] / "run.json").read_text())
    assert (record["status"], record["steps"]) == ("completed", 2)
    assert_said(ALL, result.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("start", ["warm", "cold"])
def test_so_do_the_jobs_of_a_sweep(start, run_among, tmp_path):
    environment = {**ENVIRONMENTS["half of torchrun"], **SLURM, "RANK": "1"}
    sweep = ("-m", "seed=0,1", "sweep.report=false", f"hydra.launcher.start={start}")
    status, out, err = run_among(environment, *sweep)
    assert status == 0, err
    record = json.loads((tmp_path / out.splitlines()[-1] / "sweep.json").read_text())
    assert [job["state"] for job in record["jobs"]] == ["completed"] * 2


@pytest.mark.slow
def test_so_do_the_processes_of_a_run(run_among):
    environment = {**ENVIRONMENTS["half of torchrun"], **SLURM, "RANK": "1"}
    status, _, err = run_among(environment, "strategy=ddp", "trainer.devices=2")
    assert status == 0, err


def test_a_complete_set_of_torchruns_variables_is_left_alone(monkeypatch):
    for name, value in TORCHRUN.items():
        monkeypatch.setenv(name, value)
    assert torchrun.is_started_by_torchrun()
    assert ignore_other_launchers() == []
    assert {name: os.environ[name] for name in TORCHRUN} == TORCHRUN


@pytest.mark.parametrize("missing", TORCHRUN)
def test_without_one_of_them_the_process_is_alone(missing, monkeypatch):
    for name in TORCHRUN.keys() - {missing}:
        monkeypatch.setenv(name, TORCHRUN[name])
    assert not torchrun.is_started_by_torchrun()
    assert torchrun.is_first()
    assert set(ignore_other_launchers()) == TORCHRUN.keys() - {missing}
    assert not os.environ.keys() & TORCHRUN.keys()


def test_what_an_own_launcher_needs_stays(monkeypatch):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    ignore_other_launchers()
    kept = {"SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_NTASKS", "SLURM_NNODES", "SLURM_NODELIST"}
    assert os.environ.keys() & SLURM.keys() == kept
