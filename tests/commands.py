"""Commands as processes of their own: with signals, exit statuses and streams as for a user.

Python, torch and Lightning take three seconds to start. A test of something else than that start
forks its commands from a process that has them imported (`tests.warm_server`).
"""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from leyden.distributed.forkserver import WITHOUT_THREADS
from tests.warm_server import send

MARK = "LEYDEN_TEST_FOLDER"
SERVER = Path(__file__).with_name("warm_server.py")


class Process:
    """A command that was forked; as `subprocess.Popen` for what tests do with one.

    Args:
        link: Socket over which the number and the exit status of the process come.
        stdout: Output of the process, if it goes into a pipe.
        stderr: Messages of the process, if they go into a pipe.
    """

    def __init__(
        self, link: socket.socket, stdout: IO[str] | None = None, stderr: IO[str] | None = None
    ) -> None:
        self.link = link
        self.stdout, self.stderr = stdout, stderr
        self.pid = int.from_bytes(link.recv(8), "big")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the exit status."""
        if self.returncode is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self.link, selectors.EVENT_READ)
                if not selector.select(timeout):
                    raise subprocess.TimeoutExpired("leyden", timeout or 0.0)
            self.returncode = int.from_bytes(self.link.recv(8), "big", signed=True)
            self.link.close()
        return self.returncode

    def communicate(self, timeout: float = 280) -> tuple[str, str]:
        """Output and messages, once all processes that may write them have ended."""
        deadline = time.monotonic() + timeout
        streams = {stream: b"" for stream in (self.stdout, self.stderr) if stream is not None}
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                if not stream.closed:
                    selector.register(stream, selectors.EVENT_READ)
            while selector.get_map():
                if not (ready := selector.select(max(0.0, deadline - time.monotonic()))):
                    raise subprocess.TimeoutExpired("leyden", timeout)
                for key, _ in ready:
                    chunk = os.read(key.fd, 65536)
                    streams[key.fileobj] += chunk  # type: ignore[index]
                    if not chunk:
                        selector.unregister(key.fileobj)
                        key.fileobj.close()  # type: ignore[union-attr]
        self.wait(max(0.0, deadline - time.monotonic()))
        out, err = (
            "" if stream is None else streams[stream].decode()
            for stream in (self.stdout, self.stderr)
        )
        return out, err

    def send_signal(self, number: int) -> None:
        """Sends it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it."""
        self.send_signal(signal.SIGKILL)


class WarmStart:
    """Starts commands by forking them; its server is started when the first is asked for."""

    def __init__(self) -> None:
        self.environment = {**os.environ, **WITHOUT_THREADS}  # before a test changes it
        self.server: subprocess.Popen[bytes] | None = None
        self.asked: socket.socket | None = None

    def start(
        self,
        *words: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        streams: tuple[int | None, int | None, int | None] = (None, None, None),
        first: str = "",
    ) -> Process:
        """Starts `leyden WORDS` as a process in a session of its own.

        Args:
            words: Words of the command line.
            folder: Folder in which the command runs.
            environment: Variables of the command; None: those of this process.
            streams: Files for input (None: empty), output and messages (None: a pipe).
            first: Python that the process runs before the command.
        """
        ours, theirs = socket.socketpair()
        pipes = [os.pipe() if file is None else (None, file) for file in streams[1:]]
        files = [os.open(os.devnull, os.O_RDONLY) if streams[0] is None else streams[0]]
        files += [file for _, file in pipes]
        request = {"words": words, "folder": str(folder), "first": first}
        request["environment"] = dict(os.environ if environment is None else environment)
        send(self.connection(), request, [theirs.fileno(), *files])
        theirs.close()
        for file, given in zip(files, streams, strict=True):
            if given is None:
                os.close(file)
        readers = [None if file is None else open(file) for file, _ in pipes]  # noqa: SIM115
        return Process(ours, *readers)

    def run(self, *words: str, folder: Path | None = None) -> tuple[int, str, str]:
        """Exit status, output and messages of `leyden WORDS` in a folder, or in the current one."""
        process = self.start(*words, folder=folder or Path.cwd())
        out, err = process.communicate()
        return process.wait(), out, err

    def connection(self) -> socket.socket:
        """Where commands are asked for."""
        if self.asked is None:
            self.asked, theirs = socket.socketpair()
            self.server = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                cwd="/",
                pass_fds=(theirs.fileno(),),
                env=self.environment,
            )
            theirs.close()
        return self.asked

    def close(self) -> None:
        """Ends the server, not the commands."""
        if self.server is not None and self.asked is not None:
            self.asked.close()
            self.server.wait(timeout=60)


def start_logged(warm: WarmStart, words: Sequence[str], folder: Path, first: str = "") -> Process:
    """Starts `leyden WORDS` in a folder, where `log.txt` takes what it writes.

    Args:
        warm: Starter of the command.
        words: Words of the command line.
        folder: Folder in which the command runs.
        first: Python that the process runs before the command.
    """
    with (folder / "log.txt").open("a") as log:
        streams = (None, log.fileno(), log.fileno())
        return warm.start(*words, folder=folder, streams=streams, first=first)


@dataclass
class Commands:
    """Commands as processes of their own, which a test may kill; see `start`."""

    folder: Path
    warm: WarmStart
    started: list[Process] = field(default_factory=list)

    def start(self, *words: str, verb: str = "train", first: str = "") -> Process:
        """Starts `leyden train`, or another verb, in the test's folder.

        It is in a session and a process group of its own.
        """
        paths = filter(None, [str(self.folder), os.environ.get("PYTHONPATH")])
        environment = {"PYTHONPATH": os.pathsep.join(paths), MARK: str(self.folder)}
        process = self.warm.start(
            *(verb, *words),
            folder=self.folder,
            environment={**os.environ, **environment},
            first=first,
        )
        self.started.append(process)
        return process

    def run(self, *words: str, verb: str = "train", seconds: float = 280) -> tuple[int, str, str]:
        """Exit status, output and messages of a command."""
        process = self.start(*words, verb=verb)
        out, err = process.communicate(timeout=seconds)
        return process.wait(), out, err

    def wait_for(self, happened: Callable[[], Any], seconds: float = 90) -> Any:
        """Waits until something is the case while the command that was started last runs."""
        deadline = time.monotonic() + seconds
        while not (found := happened()):
            if self.started[-1].poll() is not None:
                raise AssertionError(self.started[-1].communicate())
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found

    def left(self) -> dict[int, str]:
        """Processes that were started by the commands and are still there."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if self.is_own(path):
                    found[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
        return found

    def is_own(self, path: Path) -> bool:
        """Whether a process is of a command: it has the mark, or works in the test's folder.

        A process that was forked shows the variables of the one that it was forked from.
        """
        state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
        if state == "Z":
            return False
        if f"{MARK}={self.folder}".encode() in (path / "environ").read_bytes().split(b"\0"):
            return True
        is_of_pytest = str(os.getpid()) in (path.name, parent)
        return not is_of_pytest and (path / "cwd").readlink().is_relative_to(self.folder)

    def left_after(self, seconds: float = 25) -> dict[int, str]:
        """The same, after they have had some time to end."""
        deadline = time.monotonic() + seconds
        while (found := self.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def end(self) -> None:
        """Ends what the test has left running."""
        for process in self.started:
            process.kill()
        for pid in self.left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.started:
            process.communicate()
