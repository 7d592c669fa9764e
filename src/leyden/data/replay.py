"""Resuming in the middle of an epoch whose loaders can't tell their position.

The generators of random numbers are kept as they were when the epoch's iterator was made. A resumed
run sets them so, makes the iterator, draws the batches that were trained on, and sets the
generators as they were when the checkpoint was written. What follows is equal to the bit, whatever
the samples draw from, in this process or in workers that end with the epoch: workers take their
seeds from the first generator.
"""

from dataclasses import dataclass
from typing import Any, Literal

from torch import nn
from torch.utils.data import DataLoader

from leyden.data.generators import (
    MOST_ITEMS,
    generator_states,
    held_states,
    parts_of,
    restore_generators,
    restore_held,
)
from leyden.data.loader import Loader

Exactness = Literal["exact", "replayed", "inexact"]


@dataclass(frozen=True)
class ResumeExactness:
    """How exactly a run on some loaders can be resumed in the middle of an epoch.

    Attributes:
        exactness: `exact`: the loaders take up their position. `replayed`: the batches of the epoch
            are drawn again. `inexact`: what the loaders draw may differ.
        reason: Why it is inexact; empty where it is not.
    """

    exactness: Exactness
    reason: str = ""


def exactness_of(loader: Any) -> ResumeExactness:
    """How exactly a run on a loader can be resumed."""
    if isinstance(loader, Loader) or has_position(loader):
        return ResumeExactness("exact")
    if not isinstance(loader, DataLoader):
        name = type(loader).__name__
        return ResumeExactness("inexact", f"nothing is known of the order of a {name}")
    if loader.persistent_workers and loader.num_workers > 0:
        return ResumeExactness(
            "inexact", "with persistent_workers=True workers keep their generators"
        )
    if holds_network(loader):
        return ResumeExactness(
            "inexact", "the samples depend on a network, which has changed since"
        )
    return ResumeExactness("replayed")


def holds_network(loader: Any) -> bool:
    """Whether a part of a loader, such as its data set or sampler, holds a network."""
    return any(
        _has_network(value)
        for part in parts_of(loader)
        for value in getattr(part, "__dict__", {}).values()
    )


def _has_network(value: Any) -> bool:
    """Whether a value is a network, or a short list or mapping with one."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return len(value) <= MOST_ITEMS and any(map(_is_network, value))
    return _is_network(value)


def _is_network(value: Any) -> bool:
    """Whether a value is a module with parameters; transforms of torchvision are modules too."""
    return isinstance(value, nn.Module) and next(value.parameters(), None) is not None


def has_position(loader: Any) -> bool:
    """Whether a loader can tell and take up its position."""
    return hasattr(loader, "state_dict") and hasattr(loader, "load_state_dict")


class Replay:
    """The generators at the beginning of an epoch, for a run on loaders without a position.

    Attributes:
        begin: States when the iterator of the running epoch was made; None: not needed.
        ahead: States before the batch that is read ahead; None: none is.
        resumed: States and number of batches that a checkpoint has brought; None: there is none.
    """

    def __init__(self) -> None:
        self.begin: dict[str, Any] | None = None
        self.ahead: dict[str, Any] | None = None
        self.resumed: dict[str, Any] | None = None

    def note_start(self) -> None:
        """Keeps the states before the first epoch's loaders are made; restores them on a resume."""
        if self.resumed is not None and self.resumed["begin"]["held"] is None:
            restore_generators(self.resumed["begin"]["generators"])
        if self.begin is None:
            self.begin = {"generators": generator_states(), "held": None}

    def note_epoch(self, loaders: list[Any]) -> None:
        """Keeps the states before an epoch's iterator is made of loaders that are there."""
        self.begin = {"generators": generator_states(), "held": held_states(loaders)}

    def note_ahead(self, loaders: list[Any]) -> None:
        """Keeps the states before a batch is read ahead, while the one before it is trained on.

        Lightning does so on loaders without a length.
        """
        self.ahead = {"generators": generator_states(), "held": held_states(loaders)}

    def restore_ahead(self, loaders: list[Any]) -> None:
        """Restores the states before the batch that was read ahead of the checkpoint."""
        assert self.resumed is not None
        if self.resumed["ahead"] is not None:
            restore_generators(self.resumed["ahead"]["generators"])
            restore_held(loaders, self.resumed["ahead"]["held"])

    def restore_epoch(self, loaders: list[Any]) -> bool:
        """Restores the states at the beginning of the epoch that is resumed.

        Returns:
            Whether its iterator is to be made anew; that of the first epoch was made with the
            loaders.
        """
        assert self.resumed is not None
        self.begin = self.resumed["begin"]
        if self.begin["held"] is None:
            return False
        restore_generators(self.begin["generators"])
        restore_held(loaders, self.begin["held"])
        return True

    def state_dict(self, loaders: list[Any], batches: int) -> dict[str, Any]:
        """What a checkpoint needs, after some batches of the epoch."""
        return {
            "begin": self.begin,
            "ahead": self.ahead,
            "batches": batches,
            "generators": generator_states(),
            "held": held_states(loaders),
        }

    def restore_now(self, loaders: list[Any]) -> None:
        """Restores the states at the checkpoint; the resumption is over."""
        assert self.resumed is not None
        restore_generators(self.resumed["generators"])
        restore_held(loaders, self.resumed["held"])
        self.resumed = None
