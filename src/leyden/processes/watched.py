"""One process of a job, watched from outside."""

import contextlib
import os
import signal
import time
from multiprocessing.process import BaseProcess

from leyden.runs.process_mark import is_alive, mark_of

SECONDS_TO_DIE = 0.5
NO_STATUS = 255
"""What multiprocessing says where the process that it was forked from is gone."""


class Watched:
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
