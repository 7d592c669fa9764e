"""A sweep whose config or code has changed since it began."""

from leyden.config.problem import ConfigError, Problem

MOST_SHOWN = 8


def refuse_drift(changes: list[Problem]) -> None:
    """Raises `ConfigError` with the first of the changes, and what can be done."""
    if changes:
        more = len(changes) - MOST_SHOWN
        rest = [Problem("...", f"and {more} more changes")] if more > 0 else []
        advice = Problem(
            "sweep.on_drift",
            "type `sweep.on_drift=continue` to keep the finished jobs and run the others as things"
            " are now, or `name=...` to begin a sweep of its own",
            "refuse",
        )
        raise ConfigError([*changes[:MOST_SHOWN], *rest, advice])
