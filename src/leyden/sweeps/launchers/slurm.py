"""Runs jobs by Slurm, through submitit."""

import os
import time
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, Literal

from leyden.ranges import Count, PositiveFloat, PositiveInt
from leyden.sweeps.launchers.launcher import Ended, Task
from leyden.sweeps.launchers.supervise import Supervised, ask_to_stop

if TYPE_CHECKING:
    from submitit import Executor, Job
    from submitit.helpers import DelayedSubmission

POLL_SECONDS = 0.5


class Slurm:
    """Submits each job by itself; it outlives this process, and a later start finds it again.

    Args:
        cluster: `slurm`, or `local` for submitit's processes on this machine.
        slots: Jobs in the queue at a time.
        timeout_min: Minutes that a job may take before it is stopped and put into the queue again.
        max_requeues: How often, before it counts as failed.
        signal_delay_s: So many seconds before its time is up it is told to stop.
        parameters: Of submitit's executor, such as `slurm_partition`, `gpus_per_node`, `mem_gb`.

    Raises:
        ValueError: submitit or Slurm is missing.
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
        self.running: dict[Path, Job[dict[str, str] | None]] = {}

    def prepare(self, sweep: Path, largest: Task) -> None:
        folder = own_folder(sweep / ".submitit")  # it holds pickles
        self.executor = self._here(folder) if self.cluster == "local" else self._slurm(folder)

    def _here(self, folder: Path) -> "Executor":
        from submitit import LocalExecutor

        executor = LocalExecutor(folder, max_num_timeout=self.max_requeues)
        executor.update_parameters(timeout_min=self.timeout_min, signal_delay_s=self.signal_delay_s)
        return executor

    def _slurm(self, folder: Path) -> "Executor":
        from submitit import AutoExecutor

        try:
            executor = AutoExecutor(
                folder, cluster="slurm", slurm_max_num_timeout=self.max_requeues
            )
            executor.update_parameters(
                timeout_min=ceil(self.timeout_min),
                slurm_signal_delay_s=self.signal_delay_s,
                **self.parameters,
            )
        except (RuntimeError, NameError, TypeError) as error:  # no Slurm, or unknown parameters
            raise ValueError(str(error).partition("\n")[0]) from error
        return executor

    def start(self, task: Task) -> None:
        submitted = Submitted(Supervised(task.folder, devices=task.devices, trial=task.trial))
        self.running[task.folder] = self.executor.submit(submitted)

    def wait(self, seconds: float) -> list[Ended]:
        until = time.monotonic() + seconds
        while not (ended := [folder for folder, job in self.running.items() if job.done()]):
            if time.monotonic() > until:
                break
            time.sleep(min(POLL_SECONDS, seconds))
        return [Ended(folder, _error(self.running.pop(folder))) for folder in ended]

    def stop(self) -> None:
        for folder, job in self.running.items():
            ask_to_stop(folder)
            if job.state == "PENDING":
                job.cancel()

    def kill(self) -> None:
        for job in self.running.values():
            job.cancel()

    def close(self) -> None:
        """Nothing: every job has its own end."""


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


class Submitted:
    """What submitit runs; at the end of its time it is put into the queue again."""

    def __init__(self, supervised: Supervised) -> None:
        self.supervised = supervised

    def __call__(self) -> dict[str, str] | None:
        """Runs the job."""
        return self.supervised.run()

    def checkpoint(self) -> "DelayedSubmission":
        """Stops it with a checkpoint, from which the next one goes on."""
        from submitit.helpers import DelayedSubmission

        self.supervised.stop()
        before = self.supervised
        again = Supervised(before.folder, devices=before.devices, trial=before.trial)
        return DelayedSubmission(Submitted(again))


def _error(job: "Job[dict[str, str] | None]") -> dict[str, str] | None:
    try:
        return job.result()
    except Exception as error:
        message = str(error).strip().splitlines()[-1]
        timed_out = "timed-out" in str(error) or job.state == "TIMEOUT"
        return {"type": "timeout" if timed_out else "launcher", "message": message}
