"""The order in which samples reach the model, and the loader that hands them out."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from leyden.data.randomness import permutation
from leyden.data.unreadable import Unreadable
from leyden.data.workers import outlast_signals

Batch = tuple[Tensor, Tensor]

WORKERS_BY = "fork" if sys.platform == "linux" else None
"""How workers start. The jobs of a sweep, themselves forked by a server, would else take servers of
their own, which import torch for each epoch anew."""

SECONDS_FOR_A_BATCH = 300.0
"""A worker that gives nothing for so long hangs: without an end torch would wait for ever."""


@dataclass(frozen=True)
class Draw:
    """Which samples to fetch, in which pass over the data (augmentation depends on it).

    Attributes:
        epoch: Of the run, from 0.
        index: Places of the samples in the part.
        partner: Places of the samples that these are mixed with; None: they are not mixed.
        share: Of a sample in its mixture with its partner.
    """

    epoch: int
    index: Int[Tensor, " batch"]
    partner: Int[Tensor, " batch"] | None = None
    share: float = 1.0


@runtime_checkable
class Samples(Protocol):
    """A part of a data set. It is asked for a whole batch at a time."""

    def __len__(self) -> int: ...

    def __getitem__(self, draw: Draw) -> Batch: ...


class Order(Sampler[Draw]):
    """Draws of one process, a pure function of (seed, epoch, place).

    A global batch is dealt out to the processes and, within each, to the accumulation steps, so
    the samples of an optimizer step are the same however many share the work.

    Args:
        num_samples: Size of the part.
        batch_size: Samples of one optimizer step, over all processes and accumulation steps.
        shuffle: Each epoch in an order of its own and without its last, partial batch; otherwise
            in the part's order and whole.
        seed: The run's seed.
        stream: Each row of a batch holds the sample after the one that it held before, instead of
            a shuffled one; what is left over comes last.
        mixup: Each sample is mixed with another one of its global batch, all with one share from
            Beta(mixup, mixup); 0: none is.
        rank: This process.
        world_size: Number of processes.
        accumulate: Steps over which a process accumulates gradients.
        limit: Global batches after which an epoch ends; None: with the last one.
    """

    def __init__(
        self,
        num_samples: int,
        *,
        batch_size: int,
        shuffle: bool,
        seed: int,
        stream: bool = False,
        mixup: float = 0.0,
        rank: int = 0,
        world_size: int = 1,
        accumulate: int = 1,
        limit: int | None = None,
    ) -> None:
        self.num_samples = num_samples
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.stream = stream
        self.mixup = mixup
        self.rank = rank
        self.world_size = world_size
        self.accumulate = accumulate
        self.limit = limit
        self.epoch = 0
        self.start = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before each epoch; a new epoch starts at its first batch."""
        if epoch != self.epoch:
            self.epoch, self.start = epoch, 0

    def __len__(self) -> int:
        return self.num_steps * self.accumulate

    @property
    def num_steps(self) -> int:
        """Global batches of an epoch."""
        return self._num_batches if self.limit is None else min(self.limit, self._num_batches)

    @property
    def _num_batches(self) -> int:
        whole, rest = divmod(self.num_samples, self.batch_size)
        if self.shuffle or rest == 0:
            return whole
        # Every process has a sample of every batch.
        return max(1, whole) if rest < self.world_size else whole + 1

    def __iter__(self) -> Iterator[Draw]:
        start, self.start = self.start, 0
        order = self._order()
        stride = self.world_size * self.accumulate
        for place in range(start, len(self)):
            step, part = divmod(place, self.accumulate)
            is_last = step + 1 == self._num_batches and not self.shuffle
            end = None if is_last else (step + 1) * self.batch_size
            batch = order[step * self.batch_size : end]
            own = slice(part * self.world_size + self.rank, None, stride)
            if self.mixup:
                partner, share = self._mixture(batch, step)
                yield Draw(self.epoch, batch[own], partner[own], share)
            else:
                yield Draw(self.epoch, batch[own])

    def _mixture(self, batch: Tensor, step: int) -> tuple[Tensor, float]:
        """Partners and share of a global batch: the same however it is dealt out."""
        generator = np.random.default_rng([self.seed, self.epoch, step])
        share = float(generator.beta(self.mixup, self.mixup))
        return batch[torch.from_numpy(generator.permutation(len(batch)))], share

    def _order(self) -> Int[Tensor, " num_samples"]:
        if self.stream:
            order = torch.arange(self.num_samples)
            length = self.num_samples // self.batch_size  # of a row
            rows = order[: self.batch_size * length].view(self.batch_size, length)
            return torch.cat([rows.T.flatten(), order[self.batch_size * length :]])
        if self.shuffle:
            return permutation(self.num_samples, seed=self.seed, epoch=self.epoch)
        return torch.arange(self.num_samples)


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
