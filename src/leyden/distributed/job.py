"""A job's processes, seen from outside: started, waited for, stopped."""

import contextlib
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Literal

from leyden.compat.multiprocessing import main_module_for
from leyden.distributed.failures import (
    EXIT_NOT_KNOWN,
    attribute_failure,
    exit_reason,
    forget_failures,
    killed_by_leyden,
)
from leyden.distributed.forkserver import server_pid, start_forkserver
from leyden.distributed.resources import ProcessEnvironment, Resources
from leyden.distributed.worker import GRACE_SECONDS, JobWork, Rank, Worker
from leyden.run.lock import is_alive, mark_of

Start = Literal["warm", "cold"]

INSISTED = "the user asked for its end a second time"

SECONDS_AFTER_A_RANK = 8.0
"""Where one of several processes has failed, the others get so long to notice."""


class JobProcesses:
    """Starts a job in processes of its own.

    Args:
        work: What each of the processes does.
        world_size: Number of processes that share the job.
        resources: Share of the machine, for all of them together; None: all of it.
        start: `warm` forks them from a process that has imported torch and Lightning and done
            nothing else, so neither threads nor CUDA are carried over; `cold` starts Python anew.
        is_logged: What the processes print goes into the log of the run, not to the terminal.
    """

    def __init__(
        self,
        work: JobWork,
        *,
        world_size: int = 1,
        resources: Resources | None = None,
        start: Start = "warm",
        is_logged: bool = True,
    ) -> None:
        self.folder = folder = work.folder
        self.told_at: float | None = None
        self.grace = GRACE_SECONDS
        self.first_failure: float | None = None
        self.killed: dict[int, str] = {}
        """Why, by rank."""
        self.is_settled = False
        forget_failures(folder)
        self.context = (
            start_forkserver() if start == "warm" else multiprocessing.get_context("spawn")
        )
        port = free_port() if world_size > 1 else 0
        self.processes: list[WatchedProcess] = []
        for number in range(world_size):
            rank = Rank(number, world_size, port)
            share, environment = resources or Resources(), ProcessEnvironment()
            worker = Worker(work, rank, environment, share, is_logged)
            process = self.context.Process(target=worker, name=f"leyden-{folder.name}-{number}")
            with main_module_for(worker):
                process.start()
            server = server_pid() if start == "warm" else None
            self.processes.append(WatchedProcess(process, server=server))

    @property
    def sentinels(self) -> list[int]:
        """Become ready when a process ends."""
        found = [process.sentinel for process in self.processes]
        return [sentinel for sentinel in found if sentinel is not None]

    def poll(self) -> int | None:
        """The first bad exit code of its processes, or 0; None while one is alive."""
        codes = [process.exit_code for process in self.processes]
        ended = [code for code in codes if code is not None]
        if len(ended) < len(codes):
            self._end_the_rest(any(ended))
            return None
        for process in self.processes:
            process.kill()  # what it has started and left behind
        if len(ended) > 1 and any(ended) and not self.is_settled:
            attribute_failure(self.folder, ended, {*self.killed})
        self.is_settled = True
        return next((code for code in ended if code < 0), next(filter(None, ended), 0))

    def exit_reason(self, code: int) -> dict[str, str]:
        """The error of a job that ended without a word.

        Args:
            code: Exit code as `poll` gave it.
        """
        if code < 0 and self.killed:
            return killed_by_leyden(next(iter(self.killed.values())))
        is_lost = code > 0 and any(process.is_lost for process in self.processes)
        return EXIT_NOT_KNOWN if is_lost else exit_reason(code)

    def wait(self) -> int:
        """Waits for the end and returns the exit code as `poll` does."""
        while (code := self.poll()) is None:
            wait_for_end(self.sentinels, seconds=0.5)
        return code

    def wait_stoppable(self) -> int:
        """Waits for the end; a Ctrl-C asks for it, a second one insists."""
        while True:
            try:
                return self.wait()
            except KeyboardInterrupt:
                if self.told_at is not None:
                    self.kill(INSISTED)
                self.stop()

    def stop(self, *, seconds: float = GRACE_SECONDS) -> None:
        """Asks for the end after a step, with a checkpoint; `poll` kills it if it takes longer.

        Args:
            seconds: Time that it may take, in seconds.
        """
        if self.told_at is None:
            self.told_at, self.grace = time.monotonic(), seconds
            for process in self.processes:
                process.terminate()

    def kill(self, reason: str) -> None:
        """Ends everything at once.

        Args:
            reason: Goes into the record.
        """
        alive = [rank for rank, process in enumerate(self.processes) if process.is_alive]
        self.killed = dict.fromkeys(alive, reason) | self.killed
        for process in self.processes:
            process.kill()

    def _end_the_rest(self, has_failed: bool) -> None:
        now = time.monotonic()
        if self.told_at is not None and now > self.told_at + self.grace:
            self.kill(f"it had not ended {self.grace:.0f} s after it was told to")
        if has_failed:
            self.first_failure = self.first_failure or now
            if now > self.first_failure + SECONDS_AFTER_A_RANK:
                self.kill("another process of the run had ended")


def wait_for_end(sentinels: Sequence[int], *, seconds: float) -> None:
    """Waits until a process ends, or for so long where none of them can tell."""
    if sentinels:
        wait(sentinels, timeout=seconds)
    else:
        time.sleep(seconds)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


SECONDS_TO_DIE = 0.5
NO_STATUS = 255
"""What multiprocessing says where the process that it was forked from is gone."""


class WatchedProcess:
    """A process that may outlast the one that it was forked from.

    Args:
        process: Started, and the leader of its own group, or about to be.
        server: Number of the process that it was forked from; None: this one started it.
    """

    def __init__(self, process: BaseProcess, *, server: int | None) -> None:
        assert process.pid is not None
        self.process = process
        self.pid = process.pid
        self.mark = mark_of(self.pid)
        self.server = None if server is None else mark_of(server)

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; `NO_STATUS` may mean that it is not known."""
        code = self.process.exitcode
        if code == NO_STATUS and is_alive(self.mark):
            return None
        return code

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows how it ended, for the process that it was forked from is gone."""
        if self.server is None or self.exit_code != NO_STATUS:
            return False
        # A process that is killed closes its files, by which its end is noticed, before it is gone.
        deadline = time.monotonic() + SECONDS_TO_DIE
        while is_alive(self.server) and time.monotonic() < deadline:
            time.sleep(0.01)
        return not is_alive(self.server)

    @property
    def sentinel(self) -> int | None:
        """Becomes ready when it ends; None where nothing would."""
        return None if self.process.exitcode is not None else self.process.sentinel

    def terminate(self) -> None:
        """Sends SIGTERM to it alone."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kills it, and what it has started and left behind."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
