"""The time of training steps."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class StepClock:
    """Seconds of training steps, without validations and the saving of checkpoints."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """So far."""
        return self._passed + (0.0 if self._since is None else time.perf_counter() - self._since)

    @contextmanager
    def running(self) -> Iterator[None]:
        """What happens within are training steps."""
        self._since = time.perf_counter()
        try:
            yield
        finally:
            self._passed, self._since = self.seconds, None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens within is no part of a training step."""
        was_running = self._since is not None
        self._passed, self._since = self.seconds, None
        try:
            yield
        finally:
            self._since = time.perf_counter() if was_running else None


class StepInterval:
    """Steps and their seconds since it was last asked.

    Args:
        clock: Clock of the steps.
        step: The last one that was taken before.
    """

    def __init__(self, clock: StepClock, step: int) -> None:
        self.clock = clock
        self._step = step
        self._seconds = clock.seconds

    def end(self, step: int) -> tuple[int, float]:
        """Returns the steps and seconds of this interval, and starts the next."""
        seconds = self.clock.seconds
        lap = step - self._step, seconds - self._seconds
        self._step, self._seconds = step, seconds
        return lap
