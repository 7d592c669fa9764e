"""Runs jobs by Ray."""

import logging
import os
import socket
import time
from contextlib import ExitStack, redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from leyden.config.environment import environment_of_jobs
from leyden.files.regular import regular
from leyden.sweeps.launchers.launcher import JobEnd, JobSpec, LauncherUnavailable
from leyden.sweeps.launchers.supervise import (
    Supervised,
    allow_to_run,
    ask_to_stop,
    is_at_work,
    status_of,
)
from leyden.sweeps.storage import URL_IN_ENVIRONMENT
from leyden.training.run_work import RunWork
from leyden.types import Count, NonNegative, PositiveInt

LOG = "ray.log"
"""In the sweep's folder: what Ray says of its workers and nodes, on standard output."""

CHILDREN_STAY = {"RAY_kill_child_processes_on_worker_exit": "false"}
"""A worker of a Ray that is gone would kill its job at once; without a worker a job saves and ends
by itself (`leyden.distributed.worker`)."""

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_FOR_AN_ANSWER = 5.0
GONE = {"type": "crashed", "message": "the process of Ray's that was to watch it is gone"}


class Ray:
    """Each job is a task of Ray's, which finds a place for it.

    Args:
        address: Address of a cluster that runs, such as `auto` or `ray://host:10001`; None: one of
            our own on this machine, without a dashboard, for as long as the sweep takes.
        cpus_per_job: Cores that Ray sets aside for each device of a job.
        gpus_per_job: GPUs likewise; a share such as 0.5 lets two jobs have one.

    Raises:
        ValueError: Ray is missing.
    """

    finds_jobs = False

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
        self.stopping: set[Path] = set()
        """Jobs of a Ray that is gone, which are told to stop."""
        self.is_gone = False
        self.looked = 0.0
        self.opened = ExitStack()

    def prepare(self, sweep: Path, largest: JobSpec) -> None:
        if self.address is None:
            # Ray reads it at its import. It says that no other machine is to join, so that Ray
            # listens on the loopback address alone (ray/_private/services.py,
            # `get_node_ip_address`); on Linux it would listen to all the world.
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        import ray

        own: dict[str, Any] = {} if self.address else {"include_dashboard": False}
        ours = {
            name: text
            for name, text in environment_of_jobs().items()
            if name.startswith("LEYDEN_") and name != URL_IN_ENVIRONMENT  # it may have a password
        }
        try:
            ray.init(
                # Without an address Ray would take that of whatever was started here last.
                address=self.address or "local",
                runtime_env={"env_vars": {**ours, **CHILDREN_STAY}},
                log_to_driver=False,
                logging_level=logging.ERROR,
                **own,
            )
        except (ConnectionError, RuntimeError) as error:
            raise ValueError(str(error).strip().partition("\n")[0]) from error
        # What it says of workers that die goes to standard output (`listen_error_messages`), whose
        # last line is the sweep's folder.
        log = open(sweep / LOG, "a", encoding="utf-8", opener=regular)  # noqa: SIM115 (is below)
        self.opened.enter_context(log)
        self.opened.enter_context(redirect_stdout(log))
        self.remote = ray.remote(
            num_cpus=self.cpus_per_job * largest.devices,
            num_gpus=self.gpus_per_job * largest.devices,
            max_retries=0,  # a job's retries are the sweep's
        )(run_supervised)
        cores = ray.cluster_resources().get("CPU", 1.0)  # type: ignore[no-untyped-call]
        self.slots = max(1, int(cores // (self.cpus_per_job * largest.devices)))
        self.places = places_of_ray(self.address)

    def start(self, task: JobSpec) -> None:
        if self.is_gone:
            raise LauncherUnavailable(
                "Ray is gone: its head does not answer; the same command goes on"
            )
        allow_to_run(task.folder)
        reference = self.remote.remote(task.work, task.devices, os.getcwd())
        self.running[reference] = task.folder

    def queued(self) -> set[Path]:
        return {folder for folder in self.running.values() if status_of(folder) == "pending"}

    def wait(self, seconds: float) -> list[JobEnd]:
        import ray

        if not self.is_gone and self._has_lost_ray():
            self._leave_ray()
        if self.is_gone:
            time.sleep(seconds)
            ended = {folder for folder in self.stopping if not is_at_work(folder)}
            self.stopping -= ended
            gone = {folder: status_of(folder) in ("pending", "running") for folder in ended}
            return [JobEnd(folder, GONE if is_gone else None) for folder, is_gone in gone.items()]
        if not self.running:
            return []
        ready, _ = ray.wait(list(self.running), num_returns=1, timeout=seconds)
        return [end_of_task(self.running.pop(reference), reference) for reference in ready]

    def _has_lost_ray(self) -> bool:
        """Whether the head, or Ray's process on this machine, no longer answers.

        Ray itself would end this process after a minute (`gcs_rpc_server_reconnect_timeout_s`).
        """
        if time.monotonic() < self.looked + SECONDS_BETWEEN_LOOKS:
            return False
        self.looked = time.monotonic()
        return not all(answers(place) or answers(place) for place in self.places)

    def _leave_ray(self) -> None:
        """Lets the jobs of a Ray that is gone stop with a checkpoint."""
        import ray

        self.is_gone = True
        self.stopping = set(self.running.values())
        self.running.clear()
        for folder in self.stopping:
            ask_to_stop(folder)
        ray.shutdown()

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
        self.opened.close()


def places_of_ray(address: str | None) -> list[tuple[str, int]]:
    """Hosts and ports on which the head, and Ray's process on this machine, have to answer."""
    import ray

    if address is not None and address.startswith("ray://"):
        return [host_and_port(address.removeprefix("ray://"))]
    context = ray.get_runtime_context()
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    here = [node for node in nodes if node["NodeID"] == context.get_node_id()]
    own = [(node["NodeManagerAddress"], int(node["NodeManagerPort"])) for node in here]
    return [host_and_port(context.gcs_address), *own]


def host_and_port(address: str) -> tuple[str, int]:
    """Both parts of an address; the port of Ray's clients where none is said."""
    host, _, port = address.strip("/").rpartition(":")
    return (host, int(port)) if host else (port, 10001)


def answers(place: tuple[str, int]) -> bool:
    """Whether someone listens there."""
    try:
        socket.create_connection(place, timeout=SECONDS_FOR_AN_ANSWER).close()
    except OSError:
        return False
    return True


def run_supervised(work: RunWork, devices: int, folder: str) -> dict[str, str] | None:
    """What a worker of Ray's does.

    Args:
        work: What the processes of the job do.
        devices: Number of these processes.
        folder: Working folder of the sweep, in whose project the job's packages are found.
    """
    with suppress(OSError):  # another machine may not have it
        os.chdir(folder)
    return Supervised(work, devices=devices).run()


def end_of_task(folder: Path, reference: Any) -> JobEnd:
    """The end of a task.

    Args:
        folder: Folder of the run.
        reference: Reference of the task.
    """
    import ray

    try:
        return JobEnd(folder, ray.get(reference))
    except ray.exceptions.RayError as failure:
        if status_of(folder) == "pending":
            return JobEnd(folder, GONE)
        name, message = type(failure).__name__, str(failure).strip().splitlines()[0]
        return JobEnd(folder, {"type": name, "message": message})
