"""What the engine tells while it works; a terminal, a notebook or a log shows it.

The engine itself prints nothing. Events of runs are in `training.events`, of sweeps in
`sweeps.events`.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

log = logging.getLogger("leyden")


class Event:
    """Something that has happened."""


@dataclass(frozen=True)
class Note(Event):
    """Something that the user should know.

    Attributes:
        text: One line.
    """

    text: str


Observer = Callable[[Event], None]
"""Is told of each event; one that it does not know it passes over."""


@runtime_checkable
class TellsObserver(Protocol):
    """A callback or launcher with an attribute `observer`: it is set before its work begins."""

    observer: Observer


def log_notes(event: Event) -> None:
    """The observer of runs that are started from Python: notes go to Python's `logging`."""
    if isinstance(event, Note):
        log.info("%s", event.text)


def ignore(event: Event) -> None:
    """The observer of all but the first of several processes, which speaks for all."""
