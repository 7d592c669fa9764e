"""The processes of a job: one for each of its devices, apart from all others."""

from leyden.processes.job import JobProcesses
from leyden.processes.place import Place

__all__ = ["JobProcesses", "Place"]
