"""Which signal insists on a stop, and which only repeats that one is wanted."""

import signal

from leyden.processes.worker import GRACE_SECONDS


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
