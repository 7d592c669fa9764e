"""A process's share of the machine: cores, GPUs, threads; and its environment."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from leyden.config.environment import environment_of_jobs


@dataclass(frozen=True)
class ProcessEnvironment:
    """Folder, variables and signal mask of a process; a forked one must take over its parent's.

    Attributes:
        folder: The current one.
        environment: All variables.
        blocked: Signals that are kept waiting.
    """

    folder: str = field(default_factory=os.getcwd)
    environment: dict[str, str] = field(default_factory=environment_of_jobs)
    blocked: frozenset[int] = field(default_factory=lambda: blocked_signals())

    def enter(self) -> None:
        """Makes it this process's own."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        if hasattr(signal, "pthread_sigmask"):  # not on Windows
            signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)


def blocked_signals() -> frozenset[int]:
    """Signals that this thread keeps waiting."""
    if not hasattr(signal, "pthread_sigmask"):
        return frozenset()
    return frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


@dataclass(frozen=True)
class Resources:
    """A share of this machine.

    Attributes:
        cores: CPU cores that the process may use; None: those that its parent may.
        threads: Threads of torch; None: as torch decides.
        gpus: What `CUDA_VISIBLE_DEVICES` says; None: as it stands.
    """

    cores: tuple[int, ...] | None = None
    threads: int | None = None
    gpus: tuple[str, ...] | None = None

    def occupy(self) -> None:
        """Keeps this process to its share. To be called before CUDA is touched."""
        if self.cores is not None and hasattr(os, "sched_setaffinity"):  # not on macOS
            os.sched_setaffinity(0, self.cores)
        if self.gpus is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(self.gpus)
        if self.threads is not None:
            import torch

            os.environ["OMP_NUM_THREADS"] = str(self.threads)
            torch.set_num_threads(self.threads)


def available_cores() -> tuple[int, ...]:
    """Cores that this process may use: fewer than the machine has in a container or a job."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def available_gpus() -> tuple[str, ...]:
    """GPUs that this process may use, as `CUDA_VISIBLE_DEVICES` names them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(filter(None, visible.split(",")))
    import torch

    return tuple(map(str, range(torch.cuda.device_count())))


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Computes with so many threads meanwhile: sums over more of them have other last bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
