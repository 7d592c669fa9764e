"""Kinds of failure of a job."""

import signal
from typing import Any

from leyden.errors import ConfigError

CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}
LOST = "lost"
"""Its folder could not be read or written; the job itself may have been sound."""

HOPELESS = ("config", "diverged")
"""Would come out the same if they were tried again at once."""


def failure_of(record: dict[str, Any]) -> str | None:
    """What kind of failure ended a run; None where it did not fail.

    Returns:
        `diverged`, `oom`, `exit` (it called `sys.exit`), `killed` (by a signal), `crash` (such as
        a segmentation fault), `timeout`, or `exception`.
    """
    if record["status"] in ("diverged", "oom"):
        return str(record["status"])
    if record["status"] != "failed":
        return None
    kind = (record["error"] or {"type": "exit"})["type"]
    if kind in ("SystemExit", "exit"):
        return "exit"
    if kind == "timeout":
        return "timeout"
    if kind in signal.Signals.__members__:
        return "crash" if signal.Signals[kind] in CRASHES else "killed"
    return "exception"


def lost(error: ConfigError | OSError) -> dict[str, str]:
    """The error of a job whose folder can't be read or written any more."""
    said = str(error.problems[0]) if isinstance(error, ConfigError) else str(error)
    return {"type": LOST, "message": f"{said}; remove its folder to have it run anew"}
