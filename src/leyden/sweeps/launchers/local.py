"""Runs jobs side by side on this machine."""

from pathlib import Path

from leyden.distributed.forkserver import start_forkserver
from leyden.distributed.job import INSISTED, JobProcesses, Start, wait_for_end
from leyden.distributed.resources import Resources, available_cores, available_gpus
from leyden.sweeps.launchers.launcher import JobEnd, JobSpec
from leyden.types import PositiveInt


class Local:
    """Slots of this machine, each with cores or GPUs of its own.

    Args:
        slots: Jobs at a time; None: as many as the cores or GPUs carry. With more than that,
            jobs share them.
        threads: CPU threads of each process of a job.
        start: `warm` forks jobs from a process that has torch and Lightning imported; `cold`
            starts Python anew, which takes some seconds a job.
    """

    finds_jobs = False

    def __init__(
        self, *, slots: PositiveInt | None = None, threads: PositiveInt = 1, start: Start = "warm"
    ) -> None:
        self.wanted = slots
        self.slots = 0
        self.threads = threads
        self.start_kind = start
        self.places: list[Resources] = []
        self.running: dict[JobProcesses, Resources] = {}

    def prepare(self, sweep: Path, largest: JobSpec) -> None:
        if self.start_kind == "warm":
            start_forkserver()
        self.places = self.shares(largest.devices, wants_gpu=largest.wants_gpu)
        self.slots = len(self.places)

    def start(self, task: JobSpec) -> None:
        place = self.places.pop(0)
        job = JobProcesses(
            task.work, world_size=task.devices, resources=place, start=self.start_kind
        )
        self.running[job] = place

    def queued(self) -> set[Path]:
        return set()

    def wait(self, seconds: float) -> list[JobEnd]:
        wait_for_end([one for job in self.running for one in job.sentinels], seconds=seconds)
        codes = {job: job.poll() for job in self.running}
        return [self._end(job, code) for job, code in codes.items() if code is not None]

    def stop(self) -> None:
        for job in self.running:
            job.stop()

    def kill(self) -> None:
        for job in self.running:
            job.kill(INSISTED)

    def close(self) -> None:
        """Nothing: the process that jobs are forked from ends with this one."""

    def _end(self, job: JobProcesses, code: int) -> JobEnd:
        self.places.append(self.running.pop(job))
        return JobEnd(job.folder, job.exit_reason(code))

    def shares(self, devices: int, *, wants_gpu: bool) -> list[Resources]:
        """What each slot has of this machine.

        Args:
            devices: Processes of a job.
            wants_gpu: Whether jobs run on GPUs where there are any.
        """
        gpus, cores = available_gpus() if wants_gpu else (), available_cores()
        size = devices * self.threads
        carried = len(gpus) // devices if gpus else len(cores) // size
        count = self.wanted or max(1, carried)
        if gpus:
            firsts = [slot * devices % len(gpus) for slot in range(count)]
            return [Resources(None, self.threads, gpus[i : i + devices]) for i in firsts]
        if count > carried:  # they share the cores
            return [Resources(None, self.threads, ())] * count
        firsts = [slot * size for slot in range(count)]
        return [Resources(cores[i : i + size], self.threads, ()) for i in firsts]
