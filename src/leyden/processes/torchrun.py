"""Processes that torchrun has started, on one machine or many."""

import os
from datetime import timedelta
from pathlib import Path


def is_started_by_torchrun() -> bool:
    """Whether this process is one of several that share a run."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first() -> bool:
    """Whether this process speaks for all."""
    return os.environ.get("RANK", "0") == "0"


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
