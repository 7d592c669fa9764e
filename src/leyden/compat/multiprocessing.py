"""What Python's multiprocessing keeps private and Leyden needs, in 3.11 to 3.14.

`tests/compat/test_multiprocessing.py` fails when one of them changes.
"""

from multiprocessing import forkserver, process


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
