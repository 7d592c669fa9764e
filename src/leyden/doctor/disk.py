"""Where runs write: room, rights, and whether a file that was written stays written."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from leyden.data.fetching import data_folder
from leyden.doctor.examination import Row, failed, passed
from leyden.files.atomic import write_atomically
from leyden.files.temporary import temporary_folder
from leyden.run.folder import outputs_folder

LEAST_FREE = 2_000_000_000
"""Bytes: a few checkpoints of a model of 100 million parameters."""


def disk_rows() -> Iterator[Row]:
    """A row for each folder that runs write into, and one for this machine's own address."""
    advice = "run `leyden` where you may write, or type run_dir=..."
    yield folder_row("outputs", outputs_folder(), advice)
    yield folder_row("LEYDEN_DATA", data_folder(), "set LEYDEN_DATA to a folder of yours")
    yield folder_row("temporary folder", Path(tempfile.gettempdir()), "set TMPDIR")
    yield loopback_row()


def folder_row(check: str, folder: Path, advice: str) -> Row:
    """Writes, locks and replaces a file in a folder, or where the folder would be made."""
    place = existing(folder)
    if folder.exists() and not folder.is_dir():
        return failed(check, f"{folder} is a file; {advice}")
    try:
        with temporary_folder(place, ".leyden-doctor-") as temporary:
            probe(Path(temporary))
    except OSError as error:
        return failed(check, f"{place}: {error.strerror or error}; {advice}")
    free = shutil.disk_usage(place).free
    found = f"{place}: {free / 1e9:.0f} GB free; locks, fsync and rename work"
    if free < LEAST_FREE:
        return failed(check, f"{place}: only {free / 1e9:.1f} GB are free; remove old runs")
    return passed(check, found)


def existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def probe(folder: Path) -> None:
    """Does with a file what a run does with its checkpoints.

    Raises:
        OSError: It does not work here.
    """
    file = folder / "probe"
    with FileLock(folder / "lock", timeout=5):
        for text in ("before", "after"):
            write_atomically(file, text)
    if file.read_text() != "after" or os.listdir(folder).count("probe") != 1:
        raise OSError("a file that was replaced still has its old content")


def loopback_row() -> Row:
    """Processes of a run meet on this machine's own address."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(5)
            with socket.create_connection(server.getsockname(), timeout=5) as client:
                accepted, _ = server.accept()
                with accepted:
                    client.sendall(b"leyden")
                    received = accepted.recv(6)
    except OSError as error:
        advice = "runs on several devices need it: look at the firewall"
        return failed("loopback", f"127.0.0.1: {error.strerror or error}; {advice}")
    if received != b"leyden":
        return failed("loopback", "what was sent over 127.0.0.1 did not arrive")
    return passed("loopback", "127.0.0.1 works")
