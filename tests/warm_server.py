"""The process that commands of tests are forked from: Leyden is imported, nothing is done yet.

`tests.commands` starts it, and asks it for commands over a socket. What is forked is set up as a
new `python -m leyden` is: its streams, folder, environment, session, signals and module paths.
"""

import fcntl
import gc
import io
import json
import os
import re
import runpy
import signal
import socket
import sys
import tempfile
from importlib import import_module
from multiprocessing import util
from pathlib import Path
from typing import Any

OFTEN_NEEDED = (
    *("leyden.cli", "leyden.api", "leyden.sweeps.run", "leyden.sweeps.launchers.local"),
    *("leyden.sweeps.launchers.stacked", "leyden.sweeps.storage", "leyden.planning.resolve"),
    *("leyden.cli.sweep_progress", "leyden.cli.sweep_summary", "leyden.data.images.digits"),
    *("leyden.sweeps.report", "pandas.io.formats.style", "scipy.stats", "statsmodels.formula.api"),
    *("leyden.analysis.cost", "leyden.cli.plan_table", "leyden.inference.evaluate"),
    *("scipy.special", "optuna", "optuna.samplers", "optuna.pruners", "sqlite3"),
)
"""What commands import beside what their jobs do."""

FORKSERVER = "from multiprocessing.forkserver import main"


def receive(link: socket.socket) -> tuple[Any, list[int]] | None:
    """A message and the files that come with it; None at the end of the link."""
    size, files, _, _ = socket.recv_fds(link, 8, 8)
    if not size:
        return None
    with link.makefile("rb", buffering=0) as stream:
        content, missing = b"", int.from_bytes(size, "big")
        while len(content) < missing:
            content += stream.read(missing - len(content)) or b""
    return json.loads(content), files


def send(link: socket.socket, message: Any, files: list[int]) -> None:
    """The other direction of `receive`."""
    content = json.dumps(message).encode()
    socket.send_fds(link, [len(content).to_bytes(8, "big")], files)
    link.sendall(content)


def next_command(asked: socket.socket) -> Any:
    """A command that was asked for, in a process of its own; None in this one at the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that watch
    while (received := receive(asked)) is not None:
        request, (link, *streams) = received
        if os.fork() == 0:
            asked.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            pid = os.fork()
            if pid == 0:
                enter(request, socket.socket(fileno=link), streams)
                return request
            watch(pid, socket.socket(fileno=link), streams)
        for file in (link, *streams):
            os.close(file)
    return None


def watch(pid: int, link: socket.socket, streams: list[int]) -> None:
    """Waits for a command, tells its exit status, and ends."""
    for file in (0, 1, 2, *streams):
        os.close(file)
    _, status = os.waitpid(pid, 0)
    link.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "big", signed=True))
    os._exit(0)


def enter(request: Any, link: socket.socket, streams: list[int]) -> None:
    """Makes this process what a new one would be."""
    os.setsid()
    link.sendall(os.getpid().to_bytes(8, "big"))
    link.close()
    for number, file in enumerate(streams):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = stream(1, sys.stdout)
    sys.stderr = sys.__stderr__ = stream(2, sys.stderr)
    tempfile.tempdir = None  # it depends on the environment
    added = [request["folder"], *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    sys.path[:] = [*filter(None, added), *(path for path in sys.path if path not in added)]
    sys.argv = ["leyden", *request["words"]]


def stream(number: int, before: Any) -> io.TextIOWrapper:
    """Standard output or error as Python opens it; the locale is that of the server's own."""
    is_buffered = not os.environ.get("PYTHONUNBUFFERED")
    return io.TextIOWrapper(
        open(number, "wb", -1 if is_buffered else 0, closefd=False),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=is_buffered and (number == 2 or os.isatty(number)),
        write_through=not is_buffered,
    )


def keep_copy() -> None:
    """Forks this process as it is, to be the one that the command's jobs are forked from.

    It takes the place of the process that multiprocessing would start for that.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        become_forkserver(theirs)
    theirs.close()
    start = util.spawnv_passfds
    copies = [pid]

    def spawnv_passfds(path: bytes, arguments: list[str], files: tuple[int, ...]) -> int:
        if not arguments[-1].startswith(FORKSERVER) or not copies:
            return int(start(path, arguments, files))
        blocked = [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())]
        message = {"code": arguments[-1], "files": [*files], "blocked": blocked}
        send(ours, message | {"environment": dict(os.environ)}, [*files])
        ours.close()
        return copies.pop()

    util.spawnv_passfds = spawnv_passfds


def become_forkserver(link: socket.socket) -> None:
    """Waits until the command needs one, and is it then; ends with the command."""
    received = receive(link)
    if received is None:
        os._exit(0)
    request, files = received
    link.close()
    high = [fcntl.fcntl(file, fcntl.F_DUPFD, 512) for file in files]
    for number, file, received_as in zip(request["files"], high, files, strict=True):
        if received_as not in request["files"]:
            os.close(received_as)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.pthread_sigmask(signal.SIG_SETMASK, request["blocked"])
    sys.argv = ["-c"]
    exec(re.sub(r"\s+", " ", request["code"]), {"__name__": "__main__"})
    os._exit(0)


def main() -> None:
    """Serves until the tests are over; in what is forked, it is the command."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    asked.set_inheritable(False)
    sys.path[:] = [path for path in sys.path if path != str(Path(__file__).parent)]
    import_module("leyden.distributed.preload")
    del sys.modules["leyden.distributed.preload"]  # the command's forkserver does it, too
    for name in OFTEN_NEEDED:
        import_module(name)
    gc.collect()
    gc.freeze()
    request = next_command(asked)
    if request is None:
        return
    keep_copy()
    exec(request["first"], {})
    runpy.run_module("leyden", run_name="__main__", alter_sys=True)  # as `python -m leyden`


if __name__ == "__main__":
    main()
