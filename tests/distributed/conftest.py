"""Runs by one process and by two, in folders of their own."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch.multiprocessing import start_processes

from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.distributed.forkserver import start_forkserver
from leyden.distributed.job import JobProcesses
from leyden.distributed.resources import Resources
from leyden.planning.resolve import resolve_config
from leyden.run.checkpoint_file import marker_of
from leyden.run.record import Record
from leyden.training.run_work import RunWork
from leyden.training.train import prepare

STRATEGIES = {
    "one": (),
    "ddp": ("strategy=ddp", "trainer.devices=2"),
    "fsdp": ("strategy=fsdp", "trainer.devices=2"),
    "fsdp_full": ("strategy=fsdp", "trainer.devices=2", "trainer.sharded_checkpoints=false"),
}
FEW = (
    "trainer.accelerator=cpu",
    "trainer.max_steps=10",
    "trainer.log_every_n_steps=1",
    "callbacks.graph=null",
    "callbacks.predictions=null",
    "callbacks.samples=null",
    "baselines=null",
    "resume.every_steps=5",
)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Executes a run in processes of its own, by a strategy, and returns its folder.

    A run that several tests ask for is the same one: they only read it.
    """
    made: dict[tuple[str, ...], Path] = {}

    def execute(strategy: str, *words: str, start: Path | None = None) -> Path:
        request = (strategy, *words, str(start))
        if request not in made:
            made[request] = new_run(strategy, words, start)
        return made[request]

    def new_run(strategy: str, words: tuple[str, ...], start: Path | None) -> Path:
        (job,) = compose_request(Request((*FEW, *words, *STRATEGIES[strategy]))).jobs
        folder = tmp_path_factory.mktemp("distributed") / "run"
        prepare(job, resolve_config(job.cfg), command=[], folder=folder)
        if start is not None:
            (folder / "checkpoints").mkdir()
            for path in (start, marker_of(start)):
                copy = shutil.copytree if path.is_dir() else shutil.copy
                copy(path, folder / "checkpoints" / path.name)
        processes = JobProcesses(
            RunWork(folder), world_size=job.cfg.trainer.devices, resources=Resources(threads=1)
        )
        assert processes.wait() == 0, (folder / "train.log").read_text()
        assert Record.read(folder).status == "completed"
        return folder

    return execute


@pytest.fixture
def spawn() -> Callable[..., None]:
    """Calls a function in two processes, with its rank first, and raises what one of them raises.

    They are forked from a process that has torch imported.
    """

    def call(function: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        start_forkserver()
        start_processes(function, arguments, nprocs=2, start_method="forkserver")

    return call


@pytest.fixture
def losses() -> Callable[[Path], list[float]]:
    """Training loss of each step of a run, from the first that is there."""

    def read(folder: Path) -> list[float]:
        with (folder / "metrics.csv").open() as file:
            return [float(row["train/loss"]) for row in csv.DictReader(file) if row["train/loss"]]

    return read
