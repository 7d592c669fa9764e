"""Leyden: declare an experiment, check it, run it, keep it."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from leyden.api import Run, Sweep, compose, load, load_sweep, plan, resume, runs, sweep, train
    from leyden.errors import (
        CheckpointError,
        ConfigError,
        Diverged,
        Interrupted,
        LeydenError,
        RunFailed,
    )

__all__ = [
    "CheckpointError",
    "ConfigError",
    "Diverged",
    "Interrupted",
    "LeydenError",
    "Run",
    "RunFailed",
    "Sweep",
    "compare",
    "compose",
    "load",
    "load_sweep",
    "plan",
    "resume",
    "runs",
    "sweep",
    "train",
]

ERRORS = [name for name in __all__ if name[0].isupper() and name not in ("Run", "Sweep")]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is asked for: torch takes seconds (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'leyden' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("leyden.errors" if name in ERRORS else "leyden.api"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
