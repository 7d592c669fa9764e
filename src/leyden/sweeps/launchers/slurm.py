"""Runs jobs by Slurm, through submitit."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, Literal

from leyden.config.environment import environment_of_jobs
from leyden.distributed.worker import GRACE_SECONDS
from leyden.files.regular import read_bytes
from leyden.sweeps.launchers.launcher import JobEnd, JobSpec, LauncherUnavailable
from leyden.sweeps.launchers.slurm_job import Submitted
from leyden.sweeps.launchers.slurm_queue import (
    FIRST_SECONDS,
    FORGOTTEN,
    OVER,
    STATE_ERRORS,
    WAITING,
    SlurmQueue,
    last_line,
    scancel,
    slurm_name,
)
from leyden.sweeps.launchers.supervise import Supervised, allow_to_run, ask_to_stop
from leyden.types import Count, PositiveFloat, PositiveInt

if TYPE_CHECKING:
    from submitit import AutoExecutor, Job, LocalExecutor

POLL_SECONDS = 0.5
SECONDS_TO_END = 10
"""Left between a job's own end and that of its time."""

UNLIMITED = 10**6
"""Requeues for submitit, which also counts preemptions; `Submitted` has a count of its own."""

SECONDS_BETWEEN_TRIES = 30.0
"""Of jobs that Slurm did not take, as while its controller restarts."""

OWN_PARAMETERS = {
    "its job is named after its folder, by which it is found again": ("name", "slurm_job_name"),
    "a job is one task, which starts a process for each of `trainer.devices`": (
        *("nodes", "tasks_per_node", "slurm_nodes", "slurm_ntasks_per_node"),
    ),
    "say `hydra.launcher.timeout_min`": ("timeout_min", "slurm_time"),
    "say `hydra.launcher.signal_delay_s`": ("slurm_signal_delay_s",),
}
"""Of submitit's parameters those that are not to be given, and why."""


class Slurm:
    """Submits each job by itself; it outlives this process, and a later start finds it again.

    Args:
        cluster: `slurm`, or `local` for submitit's processes on this machine.
        slots: Jobs in the queue at a time.
        timeout_min: Minutes that a job may take before it is stopped with a checkpoint and put into
            the queue again; Slurm takes whole ones, so it is rounded up.
        max_requeues: How often that may happen before the job counts as failed. Preemptions do not
            count. A job that has made no checkpoint in its time fails at once.
        signal_delay_s: So many seconds before its time is up it is told to stop: the time for a
            step and a checkpoint.
        parameters: Parameters of submitit's executor, such as `slurm_partition`, `gpus_per_node`,
            `mem_gb`; `cpus_per_task` is a job's number of devices where it is not given.

    Raises:
        ValueError: submitit or Slurm is missing, or a parameter is Leyden's own.
    """

    def __init__(
        self,
        *,
        cluster: Literal["slurm", "local"] = "slurm",
        slots: PositiveInt = 64,
        timeout_min: PositiveFloat = 60,
        max_requeues: Count = 3,
        signal_delay_s: PositiveInt = 90,
        parameters: dict[str, Any] | None = None,
    ) -> None:
        if find_spec("submitit") is None:
            raise ValueError("needs submitit; type: pip install 'leyden[slurm]'")
        if cluster == "slurm" and which("srun") is None:
            hint = "type `hydra.launcher.cluster=local` to try it on this machine"
            raise ValueError(f"there is no Slurm here, srun is not found; {hint}")
        self.cluster = cluster
        self.slots = slots
        self.timeout_min = timeout_min
        self.max_requeues = max_requeues
        self.signal_delay_s = signal_delay_s
        self.parameters = parameters or {}
        self.finds_jobs = cluster == "slurm"
        self.queue = SlurmQueue()
        self.running: dict[Path, Job[dict[str, str] | None]] = {}
        self.not_taken: list[JobSpec] = []
        self.next_try = 0.0
        self.dropped: list[JobEnd] = []
        self.over: set[str] = set()
        self.over_for_sure: set[str] = set()
        self.is_stopping = False

    def prepare(self, sweep: Path, largest: JobSpec) -> None:
        self.folder = own_folder(sweep / ".submitit")  # it holds pickles
        self.executor = self._here() if self.cluster == "local" else self._slurm(largest)
        if self.finds_jobs and not self.queue.look(is_due=True):
            raise ValueError(f"Slurm does not answer: {self.queue.error}")

    def _here(self) -> "LocalExecutor":
        from submitit import LocalExecutor

        executor = LocalExecutor(self.folder, max_num_timeout=UNLIMITED)
        executor.update_parameters(timeout_min=self.timeout_min, signal_delay_s=self.signal_delay_s)
        return executor

    def _slurm(self, largest: JobSpec) -> "AutoExecutor":
        from submitit import AutoExecutor

        reject_own_parameters(self.parameters)
        given = {"cpus_per_task": largest.devices, **self.parameters}
        try:
            executor = AutoExecutor(self.folder, cluster="slurm", slurm_max_num_timeout=UNLIMITED)
            executor.update_parameters(
                timeout_min=ceil(self.timeout_min),
                slurm_signal_delay_s=self.signal_delay_s,
                **given,
            )
        except (RuntimeError, NameError, TypeError) as error:  # no Slurm, or unknown parameters
            raise ValueError(str(error).partition("\n")[0]) from error
        return executor

    def start(self, task: JobSpec) -> None:
        allow_to_run(task.folder)
        job = self._found(task) if self.finds_jobs else None
        try:
            self.running[task.folder] = self._submitted(task) if job is None else job
        except Exception as error:  # submitit's own class, which it has no public name for
            if not self.running:
                raise LauncherUnavailable(f"Slurm takes no job: {last_line(str(error))}") from error
            self.not_taken.append(task)
            self.next_try = time.monotonic() + SECONDS_BETWEEN_TRIES

    def _found(self, task: JobSpec) -> "Job[dict[str, str] | None] | None":
        """The job of an earlier start that Slurm still has."""
        from submitit import SlurmJob

        self.queue.look(is_due=True)
        found = self.queue.find(slurm_name(task.folder))
        if found is None:
            return None
        job: Job[dict[str, str] | None] = SlurmJob(self.folder, found.number)
        if job.paths.submitted_pickle.exists():
            return job
        scancel(found.number)  # whoever submitted it died before it could say what to run
        return None

    def _submitted(self, task: JobSpec) -> "Job[dict[str, str] | None]":
        grace = max(GRACE_SECONDS, self.signal_delay_s - SECONDS_TO_END)
        job = Supervised(task.work, devices=task.devices, grace=grace)
        if self.cluster == "slurm":
            self.executor.update_parameters(name=slurm_name(task.folder))
        submitted = Submitted(job, minutes=self.timeout_min, max_requeues=self.max_requeues)
        self.queue.seconds = FIRST_SECONDS
        with outside_of_a_job():
            return self.executor.submit(submitted)

    def wait(self, seconds: float) -> list[JobEnd]:
        until = time.monotonic() + seconds
        while not (ended := self._ended()) and time.monotonic() < until:
            time.sleep(min(POLL_SECONDS, seconds))
        return ended

    def queued(self) -> set[Path]:
        if not self.finds_jobs:
            return set()
        states = {folder: self.queue.state(job.job_id) for folder, job in self.running.items()}
        waiting = {folder for folder, state in states.items() if state in WAITING}
        return waiting | {task.folder for task in self.not_taken}

    def _ended(self) -> list[JobEnd]:
        if self.not_taken and time.monotonic() > self.next_try:
            self.start(self.not_taken.pop(0))
        if self.finds_jobs and self.queue.look():
            self._follow_queue()
        results = set(os.listdir(self.folder))  # which also refreshes what NFS remembers
        ended, self.dropped = self.dropped, []
        for folder, job in [*self.running.items()]:
            has_result = job.paths.result_pickle.name in results
            if has_result or self._is_over(job):
                ended.append(JobEnd(folder, result_of(job) if has_result else self._error(job)))
                del self.running[folder]
        return ended

    def _follow_queue(self) -> None:
        """Notes jobs that are over: at two looks, for one that comes again may be so in between."""
        numbers = {job.job_id for job in self.running.values()}
        over = {number for number in numbers if self.queue.state(number) in (*OVER, FORGOTTEN)}
        self.over_for_sure = over & self.over
        self.over = over
        if over:
            self.queue.seconds = POLL_SECONDS
        if self.is_stopping:
            self._cancel_waiting()

    def _is_over(self, job: "Job[Any]") -> bool:
        return job.job_id in self.over_for_sure if self.finds_jobs else job.done()

    def _error(self, job: "Job[Any]") -> dict[str, str]:
        """What is known of a job that left no result."""
        state = self.queue.state(job.job_id) if self.finds_jobs else "FAILED"
        kind, words = STATE_ERRORS.get(state, ("launcher", "ended without a result"))
        log = job.paths.stderr
        said = last_line(read_bytes(log).decode("utf-8", "replace")) if log.exists() else ""
        more = f": {said}" if said and kind == "launcher" else ""
        return {"type": kind, "message": f"Slurm's job {job.job_id} {words}{more}"}

    def stop(self) -> None:
        self.is_stopping = True
        for folder in self.running:
            ask_to_stop(folder)
        self.dropped = [JobEnd(task.folder) for task in self.not_taken]
        self.not_taken = []
        self._cancel_waiting()

    def _cancel_waiting(self) -> None:
        if self.finds_jobs and self.running:
            scancel("--state=PENDING", *(job.job_id for job in self.running.values()))
            self.queue.seconds = FIRST_SECONDS

    def kill(self) -> None:
        if self.finds_jobs:
            scancel(*(job.job_id for job in self.running.values()))
        else:
            for job in self.running.values():
                job.cancel()

    def close(self) -> None:
        """Nothing: every job has its own end."""


def result_of(job: "Job[dict[str, str] | None]") -> dict[str, str] | None:
    """What a job has said at its end."""
    try:
        return job.result()
    except Exception as error:
        kind = "timeout" if "timed-out" in str(error) else "launcher"
        return {"type": kind, "message": last_line(str(error))}


def reject_own_parameters(parameters: dict[str, Any]) -> None:
    """Raises `ValueError` where a parameter of submitit's is given that Leyden itself sets."""
    for reason, names in OWN_PARAMETERS.items():
        for name in names:
            if name in parameters:
                raise ValueError(f"`hydra.launcher.parameters.{name}` can't be given: {reason}")


@contextmanager
def outside_of_a_job() -> Iterator[None]:
    """Within it the environment is that of a job, without the Slurm job that this process is in."""
    from submitit.helpers import clean_env

    kept = {name: os.environ[name] for name in ("SLURM_CONF",) if name in os.environ}
    before, names = dict(os.environ), environment_of_jobs()
    os.environ.update(names)  # Slurm hands on the environment of whoever submits
    try:
        if "SLURM_JOB_ID" not in os.environ:
            yield
            return
        with clean_env():
            os.environ.update(kept)
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def own_folder(path: Path) -> Path:
    """Makes a folder that only this user can read or write.

    Raises:
        ValueError: It is there, and another user's or a link: who wrote it could run code here.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise ValueError(f"{path} is a link, or another user's; remove it")
    path.chmod(0o700)
    return path
