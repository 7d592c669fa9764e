"""What belongs to a process and not to a run, where several runs share one."""

import logging
import warnings
from types import TracebackType
from typing import Any

import torch

from leyden.callbacks import stop_signal
from leyden.runs.log import LOUD


class Surroundings:
    """Within it a run finds what it left when it gave way: its log, generator, signal handlers.

    The generators of Python and NumPy are not among these: nothing in a step draws from them.
    """

    def __init__(self) -> None:
        self.generator = torch.Generator()
        self.places: list[tuple[Any, str]] = [
            (warnings, "filters"),
            (warnings, "showwarning"),
            (logging, "_warnings_showwarning"),
            (stop_signal, "handlers"),
            *(
                (logging.getLogger(name), attribute)
                for name in LOUD
                for attribute in ("handlers", "propagate", "level")
            ),
        ]
        self.own = [
            {} if owner is stop_signal else getattr(owner, name) for owner, name in self.places
        ]
        self.outside: list[Any] = []

    def __enter__(self) -> None:
        self.outside = self._exchange(self.own)
        torch.set_rng_state(self.generator.get_state())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.generator.set_state(torch.get_rng_state())
        self.own = self._exchange(self.outside)

    def _exchange(self, new: list[Any]) -> list[Any]:
        old = [getattr(owner, name) for owner, name in self.places]
        for (owner, name), value in zip(self.places, new, strict=True):
            setattr(owner, name, value)
        return old
