"""Shows what happens in the process of a job; until then it needs no torch."""

from leyden.events import Event, Observer


class LateObserver:
    """A `TerminalObserver` from its first event on.

    Whoever hands a job on to its own process, as Slurm's and Ray's processes do, only carries it.
    """

    def __init__(self) -> None:
        self.observer: Observer | None = None

    def __call__(self, event: Event) -> None:
        if self.observer is None:
            from leyden.cli.observer import TerminalObserver

            self.observer = TerminalObserver()
        self.observer(event)
