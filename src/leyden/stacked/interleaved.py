"""Runs that wait for each other at every step, so that their passes can be computed together.

Each run is executed as always, with a trainer, callbacks, a record and checkpoints of its own, in a
greenlet (https://greenlet.readthedocs.io): a thread that gives way only where it says so. It does
in one place, where a step's forward and backward pass are due.
"""

import logging
import signal
import warnings
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any

import torch
from greenlet import getcurrent, greenlet
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from leyden.data.batches import Batch
from leyden.distributed.stop_signal import VirtualSignals, active_signals, handling, install
from leyden.run.log import LOUD
from leyden.stacked.member import StackMember
from leyden.stacked.stack import Stacks
from leyden.training.epoch_loop import EpochLoop


class StackedRun:
    """A run among others that wait for each other at every step.

    Args:
        job: Executes the run; it is called with this object, whose `take` the run calls once its
            trainer is built.
    """

    def __init__(self, job: "Callable[[StackedRun], None]") -> None:
        self.greenlet = greenlet(lambda: self._run(job))
        self.state = ProcessState()
        self.signals = VirtualSignals()
        self.member: StackMember | None = None

    def attach(self, trainer: Trainer) -> None:
        """Lets a trainer's steps be computed with the others'."""
        loop = trainer.fit_loop.epoch_loop
        assert isinstance(loop, EpochLoop)
        loop.joint_step = self.joint_step

    def joint_step(self, task: LightningModule, batch: Batch) -> Tensor:
        """A forward and a backward pass, as soon as all the others want theirs.

        Args:
            task: Task whose network gets the gradients.
            batch: Batch that it is trained on.

        Returns:
            The loss.
        """
        if self.member is None or self.member.task is not task:
            self.member = StackMember(task, self.state.generator)
        self.member.batch = batch
        parent = getcurrent().parent
        assert parent is not None
        parent.switch()
        self.signals.deliver()
        return self.member.take_loss()

    def advance(self) -> None:
        """Lets the run do what it does between two passes."""
        with self.state:
            self.greenlet.switch()

    def _run(self, job: "Callable[[StackedRun], None]") -> None:
        active_signals.set(self.signals)  # a greenlet has a context of its own
        job(self)


def run_interleaved(jobs: Sequence[Callable[[StackedRun], None]]) -> None:
    """Executes runs together until the last has ended.

    Args:
        jobs: Each executes a run and raises nothing; the record says how it ended.
    """
    runs = [StackedRun(job) for job in jobs]
    stacks = Stacks()

    def meet(number: int, frame: FrameType | None) -> None:
        for run in runs:
            run.signals.pending.append(signal.Signals(number))

    with handling(meet):
        while runs:
            for run in runs:
                run.advance()
            runs = [run for run in runs if not run.greenlet.dead]
            install(meet)  # Lightning may have set its own
            stacks.compute([run.member for run in runs if run.member is not None])


class ProcessState:
    """What belongs to the process and not to a run, exchanged each time another run is at work.

    That is the log, the warnings and torch's generator. The generators of Python and NumPy are not
    among these: nothing in a step draws from them.
    """

    def __init__(self) -> None:
        self.generator = torch.Generator()
        self.places: list[tuple[Any, str]] = [
            (warnings, "filters"),
            (warnings, "showwarning"),
            (logging, "_warnings_showwarning"),
            *(
                (logging.getLogger(name), attribute)
                for name in LOUD
                for attribute in ("handlers", "propagate", "level")
            ),
        ]
        self.own = [getattr(owner, name) for owner, name in self.places]
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
