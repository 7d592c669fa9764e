"""Faults on purpose, for the tests, `make chaos` and `leyden doctor`: nothing else makes any.

`LEYDEN_FAULT=SIGKILL@step:11` kills the process before its 11th step begins;
`LEYDEN_FAULT=ENOSPC@save:2:fsync` lets the disk be full when the second checkpoint is to be brought
to it; `SIGKILL@test` kills it when training is over. `:on:1` at the end: only in the process of
rank 1.
"""

import errno
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

VARIABLE = "LEYDEN_FAULT"

POINTS = {
    "begin": "leyden.distributed.strategy.write_file",
    "half": "leyden.run.checkpoint_file.DigestingFile.write",
    "fsync": "leyden.files.atomic.os.fsync",
    "rename": "leyden.files.atomic.os.replace",
    "marker": "leyden.distributed.strategy.write_marker",
    "remove": "leyden.distributed.strategy.remove",
}
"""Moments of a save, in their order, and the function that is about to be called."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and when.

    Attributes:
        what: A signal or an error of the system by name, `nan` for a gradient, or `hang`.
        place: `step`, `save` or `test`.
        number: Number of the step or the save, from 1 on; the steps of a run that is resumed
            keep their numbers, the saves are counted anew.
        point: Point of a save, see `POINTS`.
        rank: Rank of the process; None: all.
    """

    what: str
    place: str
    number: int
    point: str = ""
    rank: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Fault":
        """A fault as the environment says it."""
        text, _, rank = text.partition(":on:")
        what, _, where = text.partition("@")
        place, number, point, *_ = (*where.split(":"), "", "")
        return cls(what, place, int(number or 1), point, int(rank) if rank else None)

    def happen(self) -> None:
        """Does it; raises OSError where it is an error of the system."""
        if self.what == "hang":
            time.sleep(3600)
        elif self.what in signal.Signals.__members__:
            os.kill(os.getpid(), signal.Signals[self.what])
            time.sleep(0.1)  # a signal may take a moment
        else:
            number = getattr(errno, self.what)
            raise OSError(number, os.strerror(number))


class FaultCallback(Callback):
    """Lets a fault happen.

    Args:
        fault: Which.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.saves = 0
        self.has_happened = False
        self.replaced: list[tuple[Any, str, Any]] = []

    def _concerns(self, trainer: Trainer) -> bool:
        return self.fault.rank in (None, trainer.global_rank)

    def on_fit_start(self, trainer: Trainer, task: LightningModule) -> None:
        if self.fault.place == "save" and self._concerns(trainer):
            self._replace(POINTS["begin"], self._count)
            if self.fault.point != "begin":
                self._replace(POINTS[self.fault.point], self._at_point)

    def _replace(self, name: str, around: Callable[..., Any]) -> None:
        module, _, attribute = name.rpartition(".")
        original = resolve_name(name)

        def replaced(*arguments: Any, **options: Any) -> Any:
            return around(original, *arguments, **options)

        owner = resolve_name(module)
        setattr(owner, attribute, replaced)
        self.replaced.append((owner, attribute, original))

    def _count(self, original: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        self.saves += 1
        if self.fault.point == "begin" and self.saves == self.fault.number:
            self.fault.happen()
        return original(*arguments, **options)

    def _at_point(self, original: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        if self.saves == self.fault.number and not self.has_happened:
            self.has_happened = True
            if self.fault.point == "half":
                file, data = arguments
                original(file, bytes(data)[: len(data) // 2])
                file.flush()
            self.fault.happen()
        return original(*arguments, **options)

    def on_exception(self, *_: Any) -> None:
        self._give_back()

    def on_fit_end(self, *_: Any) -> None:
        self._give_back()

    def _give_back(self) -> None:
        while self.replaced:
            owner, attribute, original = self.replaced.pop()
            setattr(owner, attribute, original)

    def _is_step(self, trainer: Trainer) -> bool:
        is_here = self.fault.place == "step" and self._concerns(trainer)
        return is_here and trainer.global_step + 1 == self.fault.number

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        if self._is_step(trainer) and self.fault.what != "nan":
            self.fault.happen()

    def on_test_start(self, trainer: Trainer, task: LightningModule) -> None:
        if self.fault.place == "test" and self._concerns(trainer):
            self.fault.happen()

    def on_after_backward(self, trainer: Trainer, task: LightningModule) -> None:
        if self._is_step(trainer) and self.fault.what == "nan":
            for parameter in task.parameters():
                if parameter.grad is not None:
                    parameter.grad.fill_(math.nan)


CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def kill_at_change(folder: Path, number: int) -> None:
    """Lets this process be killed before it changes a file, by the events that Python audits.

    Args:
        folder: Changes elsewhere are not counted.
        number: Number of the change, from 1 on.
    """
    seen, own = 0, os.getpid()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if os.getpid() == own and is_change(event, arguments, folder):
            seen += 1
            if seen == number:
                os.kill(own, signal.SIGKILL)

    sys.addaudithook(watch)


def is_change(event: str, arguments: tuple[Any, ...], folder: Path) -> bool:
    """Whether an event of the interpreter changes a file in a folder."""
    if event == "open":
        is_writing = isinstance(arguments[2], int) and bool(arguments[2] & WRITES)
    else:
        is_writing = event in CHANGES
    if not is_writing or not isinstance(arguments[0], str | os.PathLike):
        return False
    return os.path.abspath(os.fspath(arguments[0])).startswith(f"{folder}{os.sep}")


def fault_callbacks() -> list[Callback]:
    """Callbacks for the faults that the environment asks for; usually none."""
    texts = os.environ.get(VARIABLE, "").split()
    return [FaultCallback(Fault.parse(text)) for text in texts]


@contextmanager
def faulty(*texts: str) -> Iterator[None]:
    """Lets faults happen in runs that are started within it."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = " ".join(texts)
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        if before is not None:
            os.environ[VARIABLE] = before
