"""Which signal insists on a stop, and which only repeats that one is wanted."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from leyden.distributed.worker import GRACE_SECONDS
from leyden.runs.record import Interrupted


class StopRequests:
    """The signals to stop that a process has received.

    A person insists by a second Ctrl-C. Systems repeat themselves without insisting: Slurm sends
    SIGUSR2 before a job's time is up, SIGTERM to each of its processes when it is put into the
    queue again, and whoever watches the job passes the wish on. So a repeated SIGTERM insists only
    once the seconds are over that a job has to stop in, and any other repeated signal never does.

    Attributes:
        first: The signal that came first; None: there was none.
        first_when: When it came, by the monotonic clock.
    """

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self.first_when: float | None = None
        self.received: set[int] = set()

    def note(self, number: int, *, when: float) -> bool:
        """Notes a signal.

        Args:
            number: Of the signal.
            when: It came, by the monotonic clock, in seconds.

        Returns:
            Whether it insists on an end at once.
        """
        is_repeated = number in self.received
        self.received.add(number)
        if self.first is None or self.first_when is None:
            self.first, self.first_when = signal.Signals(number), when
            return False
        if not is_repeated:
            return False
        is_late = when > self.first_when + GRACE_SECONDS
        return number == signal.SIGINT or (number == signal.SIGTERM and is_late)


SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)  # Windows has the first two
)
"""Ctrl-C, kill and most clusters, a closed terminal, and Slurm's `--signal`."""

Handler = Callable[[int, FrameType | None], Any]

handlers: dict[signal.Signals, Any] | None = None
"""Where several runs share the process: those of the run that is at work (`leyden.stacking`)."""

received: list[signal.Signals] = []
"""There: what came; each run meets it when its turn comes."""


class StopSignal:
    """Stops a run after the step at hand, or at once where there is no step or a signal insists.

    Nothing is saved in the handler itself: it may come in the middle of a step.
    """

    def __init__(self) -> None:
        self.requests = StopRequests()
        self.is_deferred = False

    @property
    def received(self) -> signal.Signals | None:
        """The first signal that came."""
        return self.requests.first

    @property
    def received_when(self) -> float | None:
        """When it came, by the monotonic clock."""
        return self.requests.first_when

    def watch(self) -> None:
        """From now on whoever trains looks for the first signal between two steps."""
        self.is_deferred = True
        install(self.meet)  # Lightning has set handlers of its own

    def leave(self) -> None:
        """From now on no one looks: a first signal ends the run at once."""
        self.is_deferred = False

    def meet(self, number: int, frame: FrameType | None) -> None:
        """Handles a signal.

        Raises:
            Interrupted: The run ends where it is.
        """
        is_first = self.received is None
        insists = self.requests.note(number, when=time.monotonic())
        if insists or (is_first and not self.is_deferred):
            raise Interrupted(f"stopped at once by {signal.Signals(number).name}")


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """As Ctrl-C does, whatever the signal."""
    raise KeyboardInterrupt


@contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Within it, signals are met by a handler."""
    before = install(handler)
    try:
        yield
    finally:
        put_back(before)


@contextmanager
def finished_first() -> Iterator[None]:
    """Within it no signal ends the run: what is being written is finished first.

    The handlers are called as ever, so that they know when a signal came; if one of them ends the
    run, it does so afterwards.

    Raises:
        Interrupted: A signal that came meanwhile.
    """
    postponed: list[BaseException] = []

    def later(handler: Handler) -> Handler:
        def call(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except Interrupted as error:
                postponed.append(error)

        return call

    before = {number: handler for number, handler in current().items() if callable(handler)}
    put_back({number: later(handler) for number, handler in before.items()})
    try:
        yield
    finally:
        put_back(before)
    if postponed:
        raise postponed[0]


def current() -> dict[signal.Signals, Any]:
    """The handlers of the signals to stop."""
    if handlers is not None:
        return {number: handlers.get(number) for number in SIGNALS}
    found = {number: signal.getsignal(number) for number in SIGNALS}
    return {number: handler for number, handler in found.items() if handler is not None}


def install(handler: Handler) -> dict[signal.Signals, Any]:
    """Sets a handler for all but the signals that are ignored, as under `nohup`.

    Returns:
        The handlers of before.
    """
    before = {number: one for number, one in current().items() if one is not signal.SIG_IGN}
    put_back(dict.fromkeys(before, handler))
    return before


def put_back(before: dict[signal.Signals, Any]) -> None:
    """Sets the handlers of before."""
    if handlers is not None:
        handlers.update(before)
        return
    for number, handler in before.items():
        signal.signal(number, handler)


def deliver(number: signal.Signals) -> None:
    """Lets the run that is at work meet a signal."""
    handler = (handlers or {}).get(number)
    if handler is not None:
        handler(number, None)


def keep(number: int, frame: FrameType | None) -> None:
    """Notes a signal for all the runs that share the process."""
    received.append(signal.Signals(number))
