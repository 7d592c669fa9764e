"""Trains jobs that differ only in numbers as one stacked network."""

import time
from collections import Counter
from math import ceil
from pathlib import Path

from leyden.distributed.forkserver import start_forkserver
from leyden.distributed.job import INSISTED, JobProcesses, wait_for_end
from leyden.distributed.resources import Resources
from leyden.events import Note, Observer, ignore
from leyden.run.folder import read_frozen
from leyden.stacked.stack_key import stack_key, unsupported_reason
from leyden.stacked.stacked_work import StackedWork
from leyden.sweeps.launchers.launcher import JobEnd, JobSpec
from leyden.sweeps.launchers.local import Local
from leyden.types import PositiveInt

SECONDS_BETWEEN_LOOKS = 1.0


class Stacked:
    """Small networks side by side in a process, computed together (`leyden.stacked`).

    Jobs that can't be stacked say why, and run alone.

    Args:
        size: Jobs of a stack, at most.
        slots: Stacks at a time; None: as many as the cores carry.
        threads: CPU threads of each stack.
    """

    finds_jobs = False
    trains_jobs_together = True

    def __init__(
        self, *, size: PositiveInt = 64, slots: PositiveInt | None = None, threads: PositiveInt = 1
    ) -> None:
        self.observer: Observer = ignore
        self.size = size
        self.slots = 0
        self.local = Local(slots=slots, threads=threads)
        self.places: list[Resources] = []
        self.waiting: list[
            tuple[JobSpec, str]
        ] = []  # and what those that can be stacked with it share
        self.running: dict[JobProcesses, tuple[Resources, list[Path]]] = {}
        self.said: set[str] = set()
        self.dropped: list[Path] = []
        self.ended_before: dict[Path, str | None] = {}
        self.looked = 0.0

    def prepare(self, sweep: Path, largest: JobSpec) -> None:
        start_forkserver()
        self.places = self.local.shares(largest.devices, wants_gpu=largest.wants_gpu)
        self.slots = self.size * len(self.places)

    def start(self, task: JobSpec) -> None:
        cfg = read_frozen(task.folder)
        reason = unsupported_reason(cfg)
        if reason is not None and reason not in self.said:
            self.observer(Note(f"not stacked: {reason}"))
            self.said.add(reason)
        self.ended_before[task.folder] = end_of(task.folder)
        self.waiting.append((task, stack_key(cfg) if reason is None else str(task.folder)))

    def queued(self) -> set[Path]:
        return {task.folder for task, _ in self.waiting}

    def wait(self, seconds: float) -> list[JobEnd]:
        self._start_stacks()
        dropped, self.dropped = self.dropped, []
        wait_for_end([one for job in self.running for one in job.sentinels], seconds=seconds)
        is_time = time.monotonic() > self.looked + SECONDS_BETWEEN_LOOKS
        self.looked = time.monotonic() if is_time else self.looked
        return [
            *map(JobEnd, dropped),
            *(one for job in [*self.running] for one in self._ends(job, looks=is_time)),
        ]

    def stop(self) -> None:
        self.dropped += [task.folder for task, _ in self.waiting]
        self.waiting = []
        for job in self.running:
            job.stop()

    def kill(self) -> None:
        for job in self.running:
            job.kill(INSISTED)

    def close(self) -> None:
        """Nothing: the process that stacks are forked from ends with this one."""

    def _start_stacks(self) -> None:
        """Gives each free place its share of those that wait."""
        while self.waiting and self.places:
            most, count = Counter(its for _, its in self.waiting).most_common(1)[0]
            share = ceil(count / len(self.places))
            alike = [task for task, its in self.waiting if its == most]
            tasks = alike[: min(share, self.size)]
            first = tasks[0]
            place = self.places.pop(0)
            job = JobProcesses(
                StackedWork(first.folder, tuple(task.work for task in tasks)),
                world_size=first.devices,
                resources=place,
            )
            self.running[job] = place, [task.folder for task in tasks]
            self.waiting = [one for one in self.waiting if one[0] not in tasks]

    def _ends(self, job: JobProcesses, *, looks: bool) -> list[JobEnd]:
        """Those of a stack that have ended; its place becomes free with the last.

        Args:
            job: The stack.
            looks: Whether to look into the records of those that may have ended before the others.
        """
        place, folders = self.running[job]
        code = job.poll()
        if code is not None:
            del self.running[job]
            self.places.append(place)
            return [JobEnd(folder, job.exit_reason(code)) for folder in folders]
        done = [folder for folder in folders if looks and self._has_ended(folder)]
        for folder in done:
            folders.remove(folder)
        return [JobEnd(folder) for folder in done]

    def _has_ended(self, folder: Path) -> bool:
        """Whether a run is over, though its process still runs; it may have ended before, too."""
        return end_of(folder) not in (None, self.ended_before[folder])


def end_of(folder: Path) -> str | None:
    """When a run ended, as its record says."""
    from leyden.run.record import Record  # with torch, which whoever only submits jobs can spare

    return Record.read(folder).ended
