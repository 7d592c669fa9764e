"""Processes that torchrun or another launcher has started, on one machine or many."""

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


TAKEN_OUT = (
    *VARIABLES,
    "NODE_RANK",
    "SLURM_PROCID",
    "SLURM_LOCALID",
    "SLURM_NODEID",
    "JSM_NAMESPACE_RANK",
    "JSM_NAMESPACE_LOCAL_RANK",
)
"""Lightning and torch read them wherever they are told nothing else, some at their import
(`lightning_fabric.utilities.rank_zero._get_rank`)."""

TAKEN_OUT_BEGINNINGS = ("TORCHELASTIC_", "PL_TRAINER_")
"""By the latter Lightning's `Trainer` would take keys that no config has."""

NOT_READ = ("SLURM_NTASKS", "LSB_DJOB_RANKFILE", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")
"""They may stay: commands of their launchers need them."""


def ignore_other_launchers() -> list[str]:
    """Takes what other launchers say out of this process's environment, before Lightning reads it.

    Returns:
        The names of their variables; none where torchrun has started this process.
    """
    if is_started_by_torchrun():
        return []
    taken = [n for n in os.environ if n in TAKEN_OUT or n.startswith(TAKEN_OUT_BEGINNINGS)]
    for name in taken:
        del os.environ[name]
    return sorted([*taken, *(name for name in NOT_READ if name in os.environ)])
