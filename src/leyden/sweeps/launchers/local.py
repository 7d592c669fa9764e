"""Runs jobs side by side on this machine."""

from collections.abc import Iterator
from multiprocessing.connection import wait
from pathlib import Path

from leyden.processes.job import JobProcesses, Start, warm_up
from leyden.processes.place import Place, available_cores, available_gpus
from leyden.ranges import PositiveInt
from leyden.sweeps.failure import death
from leyden.sweeps.launchers.launcher import Ended, Task


class Local:
    """Slots of this machine, each with cores or GPUs of its own.

    Args:
        slots: Jobs at a time; None: as many as the cores or GPUs carry. With more than that,
            jobs share them.
        threads: CPU threads of each process of a job.
        start: `warm` forks jobs from a process that has torch and Lightning imported; `cold`
            starts Python anew, which takes some seconds a job.
    """

    def __init__(
        self, *, slots: PositiveInt | None = None, threads: PositiveInt = 1, start: Start = "warm"
    ) -> None:
        self.wanted = slots
        self.slots = 0
        self.threads = threads
        self.start_kind = start
        self.places: list[Place] = []
        self.running: dict[JobProcesses, Place] = {}

    def prepare(self, sweep: Path, largest: Task) -> None:
        if self.start_kind == "warm":
            warm_up()
        gpus = available_gpus() if largest.wants_gpu else ()
        self.places = list(self._shares(largest.devices, gpus))
        self.slots = len(self.places)

    def start(self, task: Task) -> None:
        place = self.places.pop(0)
        job = JobProcesses(
            task.folder,
            world_size=task.devices,
            place=place,
            start=self.start_kind,
            trial=task.trial,
        )
        self.running[job] = place

    def wait(self, seconds: float) -> list[Ended]:
        sentinels = [sentinel for job in self.running for sentinel in job.sentinels]
        wait(sentinels, timeout=seconds)
        codes = {job: job.poll() for job in self.running}
        return [self._end(job, code) for job, code in codes.items() if code is not None]

    def stop(self) -> None:
        for job in self.running:
            job.stop()

    def kill(self) -> None:
        for job in self.running:
            job.kill()

    def close(self) -> None:
        """Nothing: the process that jobs are forked from ends with this one."""

    def _end(self, job: JobProcesses, code: int) -> Ended:
        self.places.append(self.running.pop(job))
        return Ended(job.folder, death(code))

    def _shares(self, devices: int, gpus: tuple[str, ...]) -> Iterator[Place]:
        cores = available_cores()
        carried = len(gpus) // devices if gpus else len(cores) // (devices * self.threads)
        count = self.wanted or max(1, carried)
        for slot in range(count):
            if gpus:
                first = slot * devices % len(gpus)
                yield Place(None, self.threads, gpus[first : first + devices])
            elif count > carried:
                yield Place(None, self.threads, ())
            else:
                size = devices * self.threads
                yield Place(cores[slot * size : (slot + 1) * size], self.threads, ())
