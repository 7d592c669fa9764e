"""A job's processes: their ends, and what surrounds them."""

import multiprocessing
import os
import time
from multiprocessing.connection import Connection

import pytest
import torch

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.job import JobProcesses
from leyden.distributed.resources import (
    ProcessEnvironment,
    Resources,
    available_cores,
    available_gpus,
)
from leyden.planning.resolve import resolve_config
from leyden.run.record import Record
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

TINY = ("model.width=8", "trainer.accelerator=cpu")


@pytest.fixture
def prepared(tmp_path):
    """Makes a run's folder that has not begun."""

    def make(*words):
        (job,) = compose_request(Request((*TINY, *words))).jobs
        return prepare(job, resolve_config(job.cfg), command=[], folder=tmp_path / "run").folder

    return make


def test_a_job_runs_from_its_folder_alone(prepared):
    folder = prepared("trainer.max_steps=2")
    assert JobProcesses(RunWork(folder), resources=Resources(threads=1)).wait() == 0
    assert Record.read(folder).status == "completed"


def test_a_job_that_is_told_to_stop_ends_with_a_checkpoint(prepared):
    folder = prepared("trainer.max_epochs=100000")
    job = JobProcesses(RunWork(folder), resources=Resources(threads=1))
    while not (folder / "metrics.csv").exists():
        time.sleep(0.05)
    job.stop()
    assert job.wait() == 1
    assert Record.read(folder).status == "interrupted"
    assert list((folder / "checkpoints").glob("step-*.ckpt"))


def test_a_job_that_is_killed_says_by_what(prepared):
    folder = prepared("trainer.max_epochs=100000")
    job = JobProcesses(RunWork(folder), resources=Resources(threads=1))
    job.kill("it was in the way")
    assert job.wait() == -9
    assert job.exit_reason(-9)["message"] == "Leyden killed the process: it was in the way"


def enter(world: ProcessEnvironment, place: Resources, answer: Connection) -> None:
    world.enter()
    place.occupy()
    answer.send((os.getcwd(), dict(os.environ), os.sched_getaffinity(0), torch.get_num_threads()))


def seen_by(world, place):
    """What another process sees once it has entered."""
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=enter, args=(world, place, its))
    process.start()
    try:
        return ours.recv()
    finally:
        process.join()


@pytest.mark.slow
def test_a_process_enters_the_surroundings_that_it_is_given(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    world = ProcessEnvironment(
        str(tmp_path / "elsewhere"), {"ONLY": "this", "OMP_NUM_THREADS": "4"}
    )
    core = available_cores()[0]
    place = Resources((core,), threads=1, gpus=("3", "GPU-abc"))
    folder, environment, cores, threads = seen_by(world, place)
    assert folder == world.folder
    assert (cores, threads) == ({core}, 1)
    assert environment["ONLY"] == "this"
    assert environment["OMP_NUM_THREADS"] == "1"
    assert environment["CUDA_VISIBLE_DEVICES"] == "3,GPU-abc"
    assert "HOME" not in environment


@pytest.mark.parametrize(
    ("visible", "gpus"), [("", ()), ("0", ("0",)), ("2,GPU-abc", ("2", "GPU-abc"))]
)
def test_the_gpus_are_those_that_one_may_see(visible, gpus, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert available_gpus() == gpus
