"""Processes that torchrun has started, on one machine or many."""

import os
from datetime import timedelta
from pathlib import Path

NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_PORT")
VARIABLES = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", *NUMBERS)
"""All of them are there where torchrun has started a process
(https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables)."""


def is_started_by_torchrun() -> bool:
    """Whether this process is one of several that share a run."""
    is_complete = all(os.environ.get(name) for name in VARIABLES)
    return is_complete and all(os.environ[name].isdecimal() for name in NUMBERS)


def is_first() -> bool:
    """Whether this process speaks for all."""
    return not is_started_by_torchrun() or os.environ["RANK"] == "0"


def num_started() -> int:
    """Processes on all machines."""
    return int(os.environ["WORLD_SIZE"])


def join(*, timeout: float) -> None:
    """Meets the other processes.

    Args:
        timeout: Seconds that they wait for each other, now and later.
    """
    from torch import distributed

    distributed.init_process_group(timeout=timedelta(seconds=timeout))


def from_first(folder: Path | None) -> Path:
    """The first process's folder, in all of them."""
    from torch import distributed

    told = [folder]
    distributed.broadcast_object_list(told)
    assert told[0] is not None
    return told[0]


def leave() -> None:
    """Ends what `join` began, if it did."""
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()
