"""The process that jobs are forked from: it has torch, Lightning and Leyden imported."""

import multiprocessing
import os
import signal
from contextlib import ExitStack
from multiprocessing import forkserver, resource_tracker, util
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import gettempdir

from leyden.compat.multiprocessing import (
    forkserver_pid,
    set_temporary_folder,
    temporary_folder,
)
from leyden.files.temporary import temporary_folder as folder_of_this_process

WITHOUT_THREADS = {
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""NumPy's linear algebra and the allocator of Arrow, which pandas loads, start theirs at once."""

BLOCKED = {
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
}
"""Signals that mean the sweep. `timeout` and a terminal send them to its whole group, systemd and
Slurm to all its processes; the one that jobs are forked from has to outlast the jobs."""

PREFIX = "leyden-mp-"
MOST_BYTES = 107
"""Of a socket's path on Linux (unix(7)); 103 on macOS, whose temporary folders are long."""

LENGTH_OF_NAMES = len(f"/{PREFIX}12345678/listener-12345678")


def start_forkserver() -> ForkServerContext:
    """Starts it, unless it runs, and gives the context whose processes are forked from it.

    The imports begin now, beside what this process does. It blocks the signals above from its
    first moment on; what is forked from it does so until it sets its mask
    (`ProcessEnvironment.enter`). A session of its own comes with its first import
    (`leyden.distributed.preload`).
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["leyden.distributed.preload"])
    use_temporary_folder()
    resource_tracker.ensure_running()  # not below: it would unblock signals
    environment = dict(os.environ)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, BLOCKED)
    os.environ |= WITHOUT_THREADS
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(environment)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


def server_pid() -> int | None:
    """Number of the process that jobs are forked from; None if none was started."""
    return forkserver_pid()


def use_temporary_folder() -> None:
    """Lets multiprocessing keep its sockets where they do not outlast this process.

    Its own folder stays when the process is killed.
    """
    if temporary_folder() is not None:
        return
    stack = ExitStack()
    place = gettempdir()
    if len(os.fsencode(place)) + LENGTH_OF_NAMES > MOST_BYTES:  # as on some clusters
        place = "/tmp"
    folder = stack.enter_context(folder_of_this_process(Path(place), PREFIX))
    set_temporary_folder(str(folder))
    util.Finalize(None, stack.close, exitpriority=-100)  # as multiprocessing.util.get_temp_dir
