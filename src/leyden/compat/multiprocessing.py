"""What Python's multiprocessing keeps private and Leyden needs, in 3.11 to 3.14.

`tests/compat/test_multiprocessing.py` fails when one of them changes.
"""

import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver, process
from types import ModuleType


def forkserver_pid() -> int | None:
    """Number of the process that others are forked from; None if none was started.

    Whether it still lives says whether the exit code of a job is known.
    """
    number: int | None = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    return number


def temporary_folder() -> str | None:
    """The folder of multiprocessing's sockets; None if it was not made yet."""
    folder: str | None = process.current_process()._config.get("tempdir")  # type: ignore[attr-defined]
    return folder


def set_temporary_folder(folder: str) -> None:
    """Lets multiprocessing keep its sockets there; its own folder outlives a killed process."""
    process.current_process()._config["tempdir"] = folder  # type: ignore[attr-defined]


@contextmanager
def main_module_for(work: object) -> Iterator[None]:
    """Lets a process that is started here import the caller's script only if its work is from it.

    multiprocessing imports the script in each process that it starts (`get_preparation_data` in
    multiprocessing/spawn.py), so that a script without `if __name__ == "__main__":` would start its
    sweep again in each job. Where nothing of the work is defined in the script, there is no need.

    Args:
        work: What is pickled for the process.
    """
    if b"__main__" in pickle.dumps(work):
        yield
        return
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
