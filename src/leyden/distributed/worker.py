"""What each process of a job does."""

import faulthandler
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import NoReturn, Protocol

from leyden.compat import light_torchmetrics
from leyden.distributed import loopback
from leyden.distributed.resources import ProcessEnvironment, Resources
from leyden.errors import Interrupted
from leyden.files.regular import regular

GRACE_SECONDS = 15.0
"""A job that is told to stop has so long to reach the end of a step and save."""


@dataclass(frozen=True)
class Rank:
    """One of the processes that share a job.

    Attributes:
        number: Number of the process, from 0 on.
        world_size: Number of the processes.
        port: Port where the processes meet, on this machine.
    """

    number: int = 0
    world_size: int = 1
    port: int = 0

    def announce(self) -> None:
        """Tells Lightning, which then starts no processes of its own.

        It would start them from the command line, and with it a sweep of their own; these are
        torchrun's variables (https://docs.pytorch.org/docs/stable/elastic/run.html).
        """
        if self.world_size == 1:
            return
        rank, world_size = str(self.number), str(self.world_size)
        os.environ |= {
            "MASTER_ADDR": loopback.ADDRESS,
            "MASTER_PORT": str(self.port),
            "RANK": rank,
            "LOCAL_RANK": rank,
            "WORLD_SIZE": world_size,
            "LOCAL_WORLD_SIZE": world_size,
            "GROUP_RANK": "0",
            "NODE_RANK": "0",
            "TORCHELASTIC_RUN_ID": "leyden",
        }

    def join(self, *, timeout: float) -> None:
        """Joins the process group on the loopback interface, before Lightning would on all.

        Args:
            timeout: Seconds that they wait for each other.
        """
        loopback.join(rank=self.number, world_size=self.world_size, port=self.port, timeout=timeout)


class JobWork(Protocol):
    """What each process of a job does."""

    @property
    def folder(self) -> Path:
        """Folder of the run, whose log takes what the processes print."""

    def __call__(self, rank: Rank) -> None:
        """Does it in one of the processes; an error that it raises is known from the records."""


@dataclass(frozen=True)
class Worker:
    """One process of a job.

    Attributes:
        work: Work of the process.
        rank: Which of the job's processes it is.
        environment: Environment of the process that asked for it.
        resources: This process's share of the machine.
        is_logged: Whether what it prints goes into the log of the run.
    """

    work: JobWork
    rank: Rank
    environment: ProcessEnvironment
    resources: Resources
    is_logged: bool

    def __call__(self) -> NoReturn:
        """Does the work, and ends the process."""
        os.setsid()  # a Ctrl-C goes to the sweep alone, which tells its jobs
        signal.signal(signal.SIGTERM, _stop_before_training)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        if self.is_logged:
            _write_to(self.work.folder / "train.log")
        faulthandler.enable()  # says where a crash happened
        self.environment.enter()
        self.resources.occupy()
        self.rank.announce()
        light_torchmetrics.install()
        try:
            self.work(self.rank)
        except BaseException:
            sys.exit(1)  # the record and the log say why
        sys.exit(0)


def _stop_before_training(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted(f"{signal.Signals(number).name} before the first step")


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _write_to(log: Path) -> None:
    """Sends what this process prints, a crash's traceback included, into the job's log."""
    file = regular(str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)
