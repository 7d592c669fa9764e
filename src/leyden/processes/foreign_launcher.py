"""Variables by which other launchers tell a process that it is one of several.

A plain `leyden train` is one process, and starts others by itself. Lightning would take the rank
and the number of processes from what Slurm, LSF, MPI, Kubernetes or half of torchrun have left in
the environment, for instance in the shell of an interactive job.
"""

import os

from leyden.processes.torchrun import VARIABLES, is_started_by_torchrun

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
