"""Runs that wait for each other at every step, so that their passes can be computed together.

Each run is executed as always, with a trainer, callbacks, a record and checkpoints of its own, in a
greenlet (https://greenlet.readthedocs.io): a thread that gives way only where it says so. It does
in one place, where a step's forward and backward pass are due.
"""

import logging
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

import torch
from greenlet import getcurrent, greenlet
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from leyden.data.batches import Batch
from leyden.distributed import stop_signal
from leyden.runs.log import LOUD
from leyden.stacked.stack import Member, Stacks
from leyden.training.epoch_loop import EpochLoop


class Seat:
    """The place of a run among the others.

    Args:
        job: The run; it gets its seat, and passes it on to its loop.
    """

    def __init__(self, job: "Callable[[Seat], None]") -> None:
        self.greenlet = greenlet(lambda: job(self))
        self.surroundings = Surroundings()
        self.member: Member | None = None
        self.num_signals = 0

    def take(self, trainer: Trainer) -> None:
        """Lets a trainer's steps be computed with the others'."""
        loop = trainer.fit_loop.epoch_loop
        assert isinstance(loop, EpochLoop)
        loop.together = self.passes

    def passes(self, task: LightningModule, batch: Batch) -> Tensor:
        """A forward and a backward pass, as soon as all the others want theirs.

        Args:
            task: Its network's parameters get their gradients.
            batch: What it is trained on.

        Returns:
            The loss.
        """
        if self.member is None or self.member.task is not task:
            self.member = Member(task, self.surroundings.generator)
        self.member.batch = batch
        parent = getcurrent().parent
        assert parent is not None
        parent.switch()
        self._take_signals()
        return self.member.take_loss()

    def go_on(self) -> None:
        """Lets the run do what it does between two passes."""
        with self.surroundings:
            self.greenlet.switch()

    def _take_signals(self) -> None:
        """Meets the signals that came while others were at work."""
        while self.num_signals < len(stop_signal.received):
            self.num_signals += 1
            stop_signal.deliver(stop_signal.received[self.num_signals - 1])


def in_lockstep(jobs: Sequence[Callable[[Seat], None]]) -> None:
    """Executes runs together until the last has ended.

    Args:
        jobs: Each raises nothing: how it ends is its own affair.
    """
    seats = [Seat(job) for job in jobs]
    stacks = Stacks()
    with stop_signal.handled(stop_signal.keep):
        while seats:
            for seat in seats:
                seat.go_on()
            seats = [seat for seat in seats if not seat.greenlet.dead]
            stop_signal.install(stop_signal.keep)  # Lightning may have set its own
            stacks.compute([seat.member for seat in seats if seat.member is not None])


class Surroundings:
    """Within it a run finds what it left when it gave way: its log, generator, signal handlers.

    The generators of Python and NumPy are not among these: nothing in a step draws from them.
    """

    def __init__(self) -> None:
        self.generator = torch.Generator()
        self.places: list[tuple[Any, str]] = [
            (warnings, "filters"),
            (warnings, "showwarning"),
            (logging, "_warnings_showwarning"),
            (stop_signal, "handlers"),
            *(
                (logging.getLogger(name), attribute)
                for name in LOUD
                for attribute in ("handlers", "propagate", "level")
            ),
        ]
        self.own = [
            {} if owner is stop_signal else getattr(owner, name) for owner, name in self.places
        ]
        self.outside: list[Any] = []

    def __enter__(self) -> None:
        self.outside = self._exchange(self.own)
        torch.set_rng_state(self.generator.get_state())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.generator.set_state(torch.get_rng_state())
        self.own = self._exchange(self.outside)

    def _exchange(self, new: list[Any]) -> list[Any]:
        old = [getattr(owner, name) for owner, name in self.places]
        for (owner, name), value in zip(self.places, new, strict=True):
            setattr(owner, name, value)
        return old
