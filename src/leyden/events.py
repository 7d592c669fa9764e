"""Events that Leyden reports while it works, for a terminal, a notebook or a log.

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
"""Receives each event; ignores those that it does not know."""


@runtime_checkable
class HasObserver(Protocol):
    """A callback or launcher with an attribute `observer`: it is set before its work begins."""

    observer: Observer


def log_notes(event: Event) -> None:
    """The observer of runs that are started from Python: notes go to Python's `logging`."""
    if isinstance(event, Note):
        log.info("%s", event.text)


def ignore(event: Event) -> None:
    """An observer that does nothing: of several processes only the first reports."""
