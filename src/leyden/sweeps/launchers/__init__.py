"""What runs the jobs of a sweep: this machine, stacked or not, Slurm or Ray."""

from leyden.sweeps.launchers.launcher import JobEnd, JobSpec, Launcher, LauncherUnavailable
from leyden.sweeps.launchers.local import Local
from leyden.sweeps.launchers.ray import Ray
from leyden.sweeps.launchers.slurm import Slurm
from leyden.sweeps.launchers.stacked import Stacked

__all__ = [
    "JobEnd",
    "JobSpec",
    "Launcher",
    "LauncherUnavailable",
    "Local",
    "Ray",
    "Slurm",
    "Stacked",
]
