"""Runs jobs by Ray."""

import logging
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from leyden.ranges import Count, NonNegative, PositiveInt
from leyden.sweeps.launchers.launcher import Ended, Task
from leyden.sweeps.launchers.supervise import Supervised, ask_to_stop
from leyden.sweeps.storage import URL_IN_ENVIRONMENT


class Ray:
    """Each job is a task of Ray's, which finds a place for it.

    Args:
        address: Of a cluster that runs, such as `auto` or `ray://host:10001`; None: one of our own
            on this machine, without a dashboard, for as long as the sweep takes.
        cpus_per_job: Cores that Ray sets aside for a job.
        gpus_per_job: GPUs likewise; a share such as 0.5 lets two jobs have one.

    Raises:
        ValueError: Ray is missing.
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        cpus_per_job: PositiveInt = 1,
        gpus_per_job: NonNegative | Count = 0,
    ) -> None:
        if find_spec("ray") is None:
            raise ValueError("needs ray; type: pip install 'leyden[ray]'")
        self.address = address
        self.cpus_per_job = cpus_per_job
        self.gpus_per_job = gpus_per_job
        self.running: dict[Any, Path] = {}

    def prepare(self, sweep: Path, largest: Task) -> None:
        if self.address is None:
            # Ray reads it at its import. It says that no other machine is to join, so that Ray
            # listens on the loopback address alone (ray/_private/services.py,
            # `get_node_ip_address`); on Linux it would listen to all the world.
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        import ray

        own: dict[str, Any] = {} if self.address else {"include_dashboard": False}
        ours = {
            name: text
            for name, text in os.environ.items()
            if name.startswith("LEYDEN_") and name != URL_IN_ENVIRONMENT  # it may have a password
        }
        try:
            ray.init(
                address=self.address,
                runtime_env={"env_vars": ours},
                log_to_driver=False,
                logging_level=logging.ERROR,
                **own,
            )
        except (ConnectionError, RuntimeError) as error:
            raise ValueError(str(error).strip().partition("\n")[0]) from error
        self.remote = ray.remote(
            num_cpus=self.cpus_per_job * largest.devices,
            num_gpus=self.gpus_per_job * largest.devices,
            max_retries=0,  # a job's retries are the sweep's
        )(run_supervised)
        cores = ray.cluster_resources().get("CPU", 1.0)  # type: ignore[no-untyped-call]
        self.slots = max(1, int(cores // (self.cpus_per_job * largest.devices)))

    def start(self, task: Task) -> None:
        reference = self.remote.remote(task.folder, task.devices, task.trial)
        self.running[reference] = task.folder

    def wait(self, seconds: float) -> list[Ended]:
        import ray

        if not self.running:
            return []
        ready, _ = ray.wait(list(self.running), num_returns=1, timeout=seconds)
        return [Ended(self.running.pop(reference), _error(reference)) for reference in ready]

    def stop(self) -> None:
        for folder in self.running.values():
            ask_to_stop(folder)

    def kill(self) -> None:
        import ray

        for reference in self.running:
            ray.cancel(reference, force=True)

    def close(self) -> None:
        import ray

        ray.shutdown()


def run_supervised(folder: Path, devices: int, trial: Any) -> dict[str, str] | None:
    """What a worker of Ray's does."""
    return Supervised(folder, devices=devices, trial=trial).run()


def _error(reference: Any) -> dict[str, str] | None:
    import ray

    try:
        error: dict[str, str] | None = ray.get(reference)
    except ray.exceptions.RayError as failure:
        return {"type": type(failure).__name__, "message": str(failure).strip().splitlines()[0]}
    return error
