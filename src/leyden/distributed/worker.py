"""What each process of a job does."""

import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from leyden.compat import light_torchmetrics
from leyden.distributed import loopback
from leyden.distributed.failures import note
from leyden.distributed.resources import Place, World
from leyden.files.regular import regular

if TYPE_CHECKING:
    from leyden.runs.record import Record
    from leyden.sweeps.trial import Trial

GRACE_SECONDS = 15.0
"""A job that is told to stop has so long to reach the end of a step and save."""


@dataclass(frozen=True)
class Rank:
    """One of the processes that share a job.

    Attributes:
        number: From 0 on.
        world_size: How many there are.
        port: Where they meet, on this machine.
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
        """Meets the others, before Lightning would do so where all the world can listen.

        Args:
            timeout: Seconds that they wait for each other.
        """
        loopback.join(rank=self.number, world_size=self.world_size, port=self.port, timeout=timeout)


@dataclass(frozen=True)
class Other:
    """A run in a stack of several.

    Attributes:
        folder: Its own, with its frozen config and record.
        trial: Of a search; None where there is none.
    """

    folder: Path
    trial: "Trial | None"


@dataclass(frozen=True)
class Work:
    """A job's run, as one of its processes does it.

    Attributes:
        folder: The run's, with its frozen config and record.
        rank: Which of its processes this is.
        world: Surroundings of the process that asked for it.
        place: This process's share of the machine.
        trial: Of a search; None where there is none.
        is_logged: What it prints goes into the run's log.
        others: Runs that are trained with it, in one stack.
    """

    folder: Path
    rank: Rank
    world: World
    place: Place
    trial: "Trial | None"
    is_logged: bool
    others: tuple["Other", ...] = ()

    def __call__(self) -> NoReturn:
        """Runs the job from its folder, and ends the process."""
        os.setsid()  # a Ctrl-C goes to the sweep alone, which tells its jobs
        signal.signal(signal.SIGTERM, _stop_before_training)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        if self.is_logged:
            _write_to(self.folder / "train.log")
        faulthandler.enable()  # says where a crash happened
        self.world.enter()
        self.place.occupy()
        self.rank.announce()
        light_torchmetrics.install()
        if self.others:
            train_together((Other(self.folder, self.trial), *self.others))
            sys.exit(0)  # the records say more
        from leyden.runs.record import Record
        from leyden.training.execute import execute

        record = Record.read(self.folder)
        record.is_kept = self.rank.number == 0
        try:
            self._meet(record)
            execute(record, trial=self.trial)
        except BaseException as error:
            if self.rank.world_size > 1:
                note(self.folder, self.rank.number, error)
            sys.exit(1)  # the record and the log say why
        sys.exit(0)

    def _meet(self, record: "Record") -> None:
        """Waits for the run's other processes; the record says if they don't come."""
        from leyden.runs.folder import read_frozen
        from leyden.runs.record import describe, status_after

        if self.rank.world_size == 1:
            return
        try:
            self.rank.join(timeout=read_frozen(self.folder).trainer.timeout)
        except BaseException as error:
            record.status, record.error = status_after(error), describe(error)
            record.write()
            raise


def train_together(runs: tuple[Other, ...]) -> None:
    """Executes runs in lockstep; how each ends is in its record."""
    from leyden.runs.record import Record
    from leyden.stacked.lockstep import Seat, in_lockstep
    from leyden.training.execute import execute

    def job(run: Other) -> Callable[[Seat], None]:
        def execute_one(seat: Seat) -> None:
            with contextlib.suppress(BaseException):  # the record and the log say why
                execute(Record.read(run.folder), trial=run.trial, seat=seat)

        return execute_one

    in_lockstep([job(run) for run in runs])


def _stop_before_training(number: int, frame: FrameType | None) -> NoReturn:
    from leyden.runs.record import Interrupted

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
