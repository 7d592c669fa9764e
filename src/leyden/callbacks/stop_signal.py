"""The signals by which a system or a person asks a run to stop."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from leyden.runs.record import Interrupted

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
    """Notes the first signal, so that the step at hand can be finished; a second one insists.

    Nothing is saved in the handler itself: it may come in the middle of a step.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self.received_when: float | None = None
        self.before: dict[signal.Signals, Any] = {}

    def watch(self) -> None:
        """From now on the first signal is noted."""
        self.before = install(self._note)

    def leave(self) -> None:
        """Puts the handlers of before in their place."""
        put_back(self.before)
        self.before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received, self.received_when = signal.Signals(number), time.monotonic()
        install(stop_at_once)


def stop_at_once(number: int, frame: FrameType | None) -> NoReturn:
    """Ends the run where it is."""
    raise Interrupted(f"stopped at once by {signal.Signals(number).name}")


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """As Ctrl-C does, whatever the signal."""
    raise KeyboardInterrupt


@contextmanager
def handled(handler: Handler = stop_at_once) -> Iterator[None]:
    """Within it, a signal is met by a handler: it ends a run as `Interrupted`, for its record."""
    before = install(handler)
    try:
        yield
    finally:
        put_back(before)


def install(handler: Handler) -> dict[signal.Signals, Any]:
    """Sets a handler for all but the signals that are ignored, as under `nohup`.

    Returns:
        The handlers of before.
    """
    if handlers is not None:
        before = {number: handlers.get(number) for number in SIGNALS}
        handlers.update(dict.fromkeys(SIGNALS, handler))
        return before
    return {
        number: signal.signal(number, handler)
        for number in SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN
    }


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
