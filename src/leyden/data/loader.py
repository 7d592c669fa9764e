"""The loader that hands out batches, and the processes that read ahead for it."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from leyden.data.batches import Batch, BatchedDataset, BatchIndices, BatchSampler
from leyden.data.errors import DataError

START_METHOD = "fork" if sys.platform == "linux" else None
"""How workers start. The jobs of a sweep, themselves forked by a server, would else take servers of
their own, which import torch for each epoch anew."""

BATCH_TIMEOUT_SECONDS = 300.0
"""A worker that gives nothing for so long hangs: without an end torch would wait for ever."""


def without_collation(batch: Any) -> Any:
    """Instead of torch's default, which would turn the tuple into a list."""
    return batch


class WorkerDataset:
    """Samples read in a process of their own, from which a refusal comes back as it is.

    Torch makes a RuntimeError with a traceback of every exception there.

    Args:
        samples: Split to read.
    """

    def __init__(self, samples: BatchedDataset) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, batch: BatchIndices) -> Batch | DataError:
        try:
            return self.samples[batch]
        except DataError as error:
            return error


class Loader(DataLoader[Batch]):
    """Hands out the batches of a `BatchSampler`, and can tell and take up its position.

    Args:
        samples: Split to read.
        sampler: The samples of each batch.
        num_workers: Number of processes that read ahead; it changes nothing but the speed.
        pin_memory: Whether batches are copied into page-locked memory, for a faster way to a GPU.
    """

    def __init__(
        self,
        samples: BatchedDataset,
        sampler: BatchSampler,
        *,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        self.sampler: BatchSampler
        self.epoch = 0
        self.num_yielded = 0
        super().__init__(
            WorkerDataset(samples) if num_workers else samples,  # type: ignore[arg-type]
            sampler=sampler,
            batch_size=None,
            collate_fn=without_collation,
            num_workers=num_workers,
            pin_memory=pin_memory,
            persistent_workers=False,
            multiprocessing_context=START_METHOD if num_workers else None,
            timeout=BATCH_TIMEOUT_SECONDS if num_workers else 0,
            worker_init_fn=ignore_stop_signals,
            # Its own generator: otherwise each new iterator draws from the global one.
            generator=torch.Generator().manual_seed(sampler.seed),
        )

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        # A generator: nothing is drawn before the first batch is asked for, so `set_epoch`, which
        # Lightning calls only after `iter`, still counts.
        self.epoch, self.num_yielded = self.sampler.epoch, self.sampler.start
        batches = super().__iter__() if self.num_workers else self._read()
        for batch in batches:
            if isinstance(batch, DataError):
                raise batch
            self.num_yielded += 1
            yield batch

    def _read(self) -> Iterator[Batch]:
        """In this process; torch's way costs a small network a tenth of its step."""
        for batch in self.sampler:
            inputs, targets = self.dataset[batch]
            if self.pin_memory:
                inputs, targets = inputs.pin_memory(), targets.pin_memory()
            yield inputs, targets

    def state_dict(self) -> dict[str, int]:
        """Position: the epoch, and the batches of it that were handed out."""
        return {"epoch": self.epoch, "batch": self.num_yielded}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Takes up a position; a finished epoch is followed by the next one's first batch."""
        finished = state["batch"] >= len(self.sampler)
        self.sampler.epoch = state["epoch"] + int(finished)
        self.sampler.start = 0 if finished else state["batch"]
        self.epoch, self.num_yielded = self.sampler.epoch, self.sampler.start


STOP_SIGNALS = {
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
}
"""Signals that ask a run to stop. A terminal and `timeout` send them to all processes of its group,
systemd and Slurm to all of a service or a job; a worker that died of one would take with it the
step at hand, and with that the checkpoint."""


def ignore_stop_signals(worker: int) -> None:
    """Lets a worker live until its run has saved; torch ends it then.

    Args:
        worker: Number of the worker; torch calls its `worker_init_fn` with it.
    """
    if not hasattr(signal, "sigwaitinfo"):  # macOS, Windows
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threading.Thread(target=_exit_when_parent_asks, args=(os.getppid(),), daemon=True).start()


def _exit_when_parent_asks(parent: int) -> None:
    """Ends this process on a SIGTERM from its parent: so torch ends a worker that hangs."""
    while True:
        said = signal.sigwaitinfo(STOP_SIGNALS)
        if said.si_signo == signal.SIGTERM and said.si_pid == parent:
            os._exit(0)
