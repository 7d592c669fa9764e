"""Only one process works in a folder."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from leyden.config.problem import ConfigError, Problem
from leyden.runs.atomic import remove_parts, write_atomically
from leyden.runs.files import regular
from leyden.runs.json_file import read_json, reason_of
from leyden.runs.process_mark import process_mark

LOCK = ".lock"
OWNER = ".owner.json"


@contextmanager
def held(folder: Path, *, key: str) -> Iterator[None]:
    """Holds a run's or a sweep's folder; the system lets go when this process dies.

    So a lock never has to be removed by hand. Who holds it is written beside it.

    Args:
        folder: Made if it is not there; a wrong request does not leave it.
        key: Under which another holder is reported.

    Raises:
        ConfigError: Another process holds it.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        os.close(regular(str(folder / LOCK), os.O_RDWR | os.O_CREAT))  # FileLock follows links
    except OSError as error:
        raise ConfigError([Problem(key, f"its {LOCK} {reason_of(error)}", str(folder))]) from error
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"is being run by {_owner(folder)}; wait for it, or stop it with Ctrl-C"
        raise ConfigError([Problem(key, message, str(folder))]) from error
    try:
        remove_parts(folder)
        write_atomically(folder / OWNER, json.dumps(process_mark()))
        yield
    except ConfigError:
        if is_new:
            shutil.rmtree(folder)
        raise
    finally:
        (folder / OWNER).unlink(missing_ok=True)
        lock.release()


def _owner(folder: Path) -> str:
    try:
        owner = read_json(folder / OWNER)
        return f"process {owner['pid']} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
