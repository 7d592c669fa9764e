"""A job's processes, seen from outside: start, wait, stop."""

import contextlib
import multiprocessing
import os
import signal
import socket
import time
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from leyden.processes.blame import blame, forget
from leyden.processes.place import Place, World
from leyden.processes.worker import GRACE_SECONDS, Other, Rank, Work

if TYPE_CHECKING:
    from leyden.sweeps.trial import Trial

Start = Literal["warm", "cold"]

WITHOUT_THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""NumPy's linear algebra and the allocator of Arrow, which pandas loads, start theirs at once."""

SECONDS_AFTER_A_RANK = 8.0
"""Where one of several processes has failed, the others get so long to notice."""


class JobProcesses:
    """Starts a job in processes of its own.

    Args:
        folder: The run's, prepared.
        world_size: Processes that share the job.
        place: Share of the machine, for all of them together.
        start: `warm` forks them from a process that has imported torch and Lightning and done
            nothing else, so neither threads nor CUDA are carried over; `cold` starts Python anew.
        trial: Of a search; None where there is none.
        is_logged: What the processes print goes into the run's log, not to the terminal.
        others: Runs that are trained with it, in one stack and one process.
    """

    def __init__(
        self,
        folder: Path,
        *,
        world_size: int = 1,
        place: Place | None = None,
        start: Start = "warm",
        trial: "Trial | None" = None,
        is_logged: bool = True,
        others: tuple[Other, ...] = (),
    ) -> None:
        self.folder = folder
        self.told_at: float | None = None
        self.first_failure: float | None = None
        self.killed: set[int] = set()
        self.is_settled = False
        forget(folder)
        context = warm_up() if start == "warm" else multiprocessing.get_context("spawn")
        port = _free_port() if world_size > 1 else 0
        self.processes: list[BaseProcess] = []
        for number in range(world_size):
            rank = Rank(number, world_size, port)
            work = Work(folder, rank, World(), place or Place(), trial, is_logged, others)
            process = context.Process(target=work, name=f"leyden-{folder.name}-{number}")
            process.start()
            self.processes.append(process)

    @property
    def sentinels(self) -> list[int]:
        """Become ready when a process ends."""
        return [process.sentinel for process in self.processes if process.is_alive()]

    def poll(self) -> int | None:
        """The first bad exit code of its processes, or 0; None while one is alive."""
        if any(process.is_alive() for process in self.processes):
            self._end_the_rest()
            return None
        codes = [process.exitcode or 0 for process in self.processes]
        self._kill_groups()  # what a process has started and left behind
        if len(codes) > 1 and any(codes) and not self.is_settled:
            blame(self.folder, codes, self.killed)
        self.is_settled = True
        return next((code for code in codes if code < 0), next(filter(None, codes), 0))

    def wait(self) -> int:
        """Waits for the end and returns the exit code as `poll` does."""
        while (code := self.poll()) is None:
            wait(self.sentinels, timeout=0.5)
        return code

    def wait_stoppable(self) -> int:
        """Waits for the end; a Ctrl-C asks for it, a second one insists."""
        while True:
            try:
                return self.wait()
            except KeyboardInterrupt:
                if self.told_at is not None:
                    self.kill()
                self.stop()

    def stop(self) -> None:
        """Asks for the end after a step, with a checkpoint; `poll` insists if it takes long."""
        if self.told_at is None:
            self.told_at = time.monotonic()
            for process in self.processes:
                if process.is_alive():
                    process.terminate()

    def kill(self) -> None:
        """Ends everything at once."""
        self.killed |= {
            rank for rank, process in enumerate(self.processes) if process.exitcode is None
        }
        self._kill_groups()
        for process in self.processes:
            if process.is_alive():
                process.kill()

    def _end_the_rest(self) -> None:
        now = time.monotonic()
        if self.told_at is not None and now > self.told_at + GRACE_SECONDS:
            self.kill()
        if any(process.exitcode for process in self.processes):
            self.first_failure = self.first_failure or now
            if now > self.first_failure + SECONDS_AFTER_A_RANK:
                self.kill()

    def _kill_groups(self) -> None:
        for process in self.processes:
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


def warm_up() -> multiprocessing.context.ForkServerContext:
    """Of processes that begin with torch, Lightning and Leyden imported.

    The import begins now, beside what this process does.
    """
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["leyden.processes.warm"])
    before = dict(os.environ)
    os.environ |= WITHOUT_THREADS
    forkserver.ensure_running()
    os.environ.clear()
    os.environ.update(before)
    return context


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
