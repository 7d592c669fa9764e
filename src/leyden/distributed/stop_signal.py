"""The signals by which a system or a person asks a run to stop, and which of them insist."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, NoReturn

from leyden.distributed.worker import GRACE_SECONDS
from leyden.errors import Interrupted


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
            number: Number of the signal.
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


class ProcessSignals:
    """The handlers of this process."""

    def current(self) -> dict[signal.Signals, Any]:
        """The handlers of the signals to stop."""
        found = {number: signal.getsignal(number) for number in SIGNALS}
        return {number: handler for number, handler in found.items() if handler is not None}

    def set_handlers(self, before: dict[signal.Signals, Any]) -> None:
        """Sets handlers."""
        for number, handler in before.items():
            signal.signal(number, handler)


class VirtualSignals(ProcessSignals):
    """The handlers of one of several runs that share a process.

    Attributes:
        pending: Signals that came; the run meets them when its turn comes.
    """

    def __init__(self) -> None:
        self.handlers: dict[signal.Signals, Any] = {}
        self.pending: list[signal.Signals] = []

    def current(self) -> dict[signal.Signals, Any]:
        return {number: self.handlers.get(number) for number in SIGNALS}

    def set_handlers(self, before: dict[signal.Signals, Any]) -> None:
        self.handlers.update(before)

    def deliver(self) -> None:
        """Lets the run meet the signals that came while others were at work."""
        while self.pending:
            number = self.pending.pop(0)
            handler = self.handlers.get(number)
            if handler is not None:
                handler(number, None)


active_signals: ContextVar[ProcessSignals] = ContextVar("active_signals")
"""Set where several runs share the process, in the context of each; elsewhere it is the process."""


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
        """From now on the first signal is only noted, and looked at between two steps."""
        self.is_deferred = True
        install(self.handle)  # Lightning has set handlers of its own

    def leave(self) -> None:
        """From now on no one looks: a first signal ends the run at once."""
        self.is_deferred = False

    def handle(self, number: int, frame: FrameType | None) -> None:
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
def handling(handler: Handler) -> Iterator[None]:
    """Within it, signals are met by a handler."""
    before = install(handler)
    try:
        yield
    finally:
        set_handlers(before)


@contextmanager
def uninterrupted() -> Iterator[None]:
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
    set_handlers({number: later(handler) for number, handler in before.items()})
    try:
        yield
    finally:
        set_handlers(before)
    if postponed:
        raise postponed[0]


def current() -> dict[signal.Signals, Any]:
    """The handlers of the signals to stop, of this run where several share the process."""
    return _signals().current()


def install(handler: Handler) -> dict[signal.Signals, Any]:
    """Sets a handler for all but the signals that are ignored, as under `nohup`.

    Returns:
        The handlers of before.
    """
    before = {number: one for number, one in current().items() if one is not signal.SIG_IGN}
    set_handlers(dict.fromkeys(before, handler))
    return before


def set_handlers(before: dict[signal.Signals, Any]) -> None:
    """Sets the handlers of before."""
    _signals().set_handlers(before)


def _signals() -> ProcessSignals:
    return active_signals.get(PROCESS)


PROCESS = ProcessSignals()
