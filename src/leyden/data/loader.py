"""The loader that hands out batches, and the processes that read ahead for it."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from leyden.data.batches import Batch, Draw, Order, Samples
from leyden.data.errors import Unreadable

WORKERS_BY = "fork" if sys.platform == "linux" else None
"""How workers start. The jobs of a sweep, themselves forked by a server, would else take servers of
their own, which import torch for each epoch anew."""

SECONDS_FOR_A_BATCH = 300.0
"""A worker that gives nothing for so long hangs: without an end torch would wait for ever."""


def as_it_is(batch: Any) -> Any:
    """Instead of torch's default, which would turn the tuple into a list."""
    return batch


class Sending:
    """Samples read in a process of their own, from which a refusal comes back as it is.

    Torch makes a RuntimeError with a traceback of every exception there.

    Args:
        samples: The part to read.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, draw: Draw) -> Batch | Unreadable:
        try:
            return self.samples[draw]
        except Unreadable as error:
            return error


class Loader(DataLoader[Batch]):
    """Hands out the batches of an `Order`, and can tell and take up its position.

    Args:
        samples: The part to read.
        order: Which samples, when.
        num_workers: Processes that fetch ahead; they change nothing but the speed.
        pin_memory: Copy batches into page-locked memory, for a faster way to a GPU.
    """

    def __init__(
        self, samples: Samples, order: Order, *, num_workers: int = 0, pin_memory: bool = False
    ) -> None:
        self.order = order
        self.epoch = 0
        self.given = 0
        super().__init__(
            Sending(samples) if num_workers else samples,  # type: ignore[arg-type]
            sampler=order,
            batch_size=None,
            collate_fn=as_it_is,
            num_workers=num_workers,
            pin_memory=pin_memory,
            persistent_workers=False,
            multiprocessing_context=WORKERS_BY if num_workers else None,
            timeout=SECONDS_FOR_A_BATCH if num_workers else 0,
            worker_init_fn=outlast_signals,
            # Its own generator: otherwise each new iterator draws from the global one.
            generator=torch.Generator().manual_seed(order.seed),
        )

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        # A generator: nothing is drawn before the first batch is asked for, so `set_epoch`, which
        # Lightning calls only after `iter`, still counts.
        self.epoch, self.given = self.order.epoch, self.order.start
        batches = super().__iter__() if self.num_workers else self._read()
        for batch in batches:
            if isinstance(batch, Unreadable):
                raise batch
            self.given += 1
            yield batch

    def _read(self) -> Iterator[Batch]:
        """In this process; torch's way costs a small network a tenth of its step."""
        for draw in self.order:
            inputs, targets = self.dataset[draw]
            if self.pin_memory:
                inputs, targets = inputs.pin_memory(), targets.pin_memory()
            yield inputs, targets

    def state_dict(self) -> dict[str, int]:
        """Position: the epoch, and the batches of it that were handed out."""
        return {"epoch": self.epoch, "batch": self.given}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Takes up a position; a finished epoch is followed by the next one's first batch."""
        finished = state["batch"] >= len(self.order)
        self.order.epoch = state["epoch"] + int(finished)
        self.order.start = 0 if finished else state["batch"]
        self.epoch, self.given = self.order.epoch, self.order.start


NOT_FOR_WORKERS = {
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
}
"""Signals that ask a run to stop. A terminal and `timeout` send them to all processes of its group,
systemd and Slurm to all of a service or a job; a worker that died of one would take with it the
step at hand, and with that the checkpoint."""


def outlast_signals(worker: int) -> None:
    """Lets a worker live until its run has saved; torch ends it then.

    Args:
        worker: Its number; torch's `worker_init_fn` is called with it.
    """
    if not hasattr(signal, "sigwaitinfo"):  # macOS, Windows
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, NOT_FOR_WORKERS)
    threading.Thread(target=_obey_parent, args=(os.getppid(),), daemon=True).start()


def _obey_parent(parent: int) -> None:
    """Ends this process on a SIGTERM from its parent: so torch ends a worker that hangs."""
    while True:
        said = signal.sigwaitinfo(NOT_FOR_WORKERS)
        if said.si_signo == signal.SIGTERM and said.si_pid == parent:
            os._exit(0)
