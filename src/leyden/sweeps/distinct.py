"""Jobs of a sweep that come out the same, such as `model=mlp` and `model=mlp/small`."""

import json
from dataclasses import replace
from typing import Any

from leyden.config.compose import ComposedRequest
from leyden.config.environment import recordable
from leyden.planning.resolve import ResolvedConfig

MOST_NOTES = 5


def distinct_jobs(
    composed: ComposedRequest, resolved: list[ResolvedConfig]
) -> tuple[ComposedRequest, list[ResolvedConfig], list[str]]:
    """The plan without jobs whose config another one has.

    Trials of a search are left alone: it draws each by itself.

    Args:
        composed: Validated jobs.
        resolved: The jobs, resolved to their data.

    Returns:
        The plan, its resolved jobs, and what was left out, in words.
    """
    if composed.sweep is None or composed.sweep.searcher is not None:
        return composed, resolved, []
    first: dict[str, int] = {}
    notes = [
        f"{' '.join(assignment.overrides())} is asked for more than once: it runs once"
        for assignment in composed.sweep.axes.doubled()
    ]
    for place, (job, one) in enumerate(zip(composed.jobs, resolved, strict=True)):
        same = first.setdefault(_content(one), place)
        if same != place:
            notes.append(f"{job.text} is the same job as {composed.jobs[same].text}: it runs once")
    kept = list(first.values())
    composed = replace(composed, jobs=tuple(composed.jobs[place] for place in kept))
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"and {len(notes) - MOST_NOTES} more jobs that are the same"]
    return composed, [resolved[place] for place in kept], notes


def _content(resolved: ResolvedConfig) -> str:
    """All that decides what a job does; `params` does so by the width, which is solved."""
    content = {key: value for key, value in recordable(resolved.cfg).items() if key != "params"}
    return json.dumps(_with_equal_numbers(content), sort_keys=True)


def _with_equal_numbers(value: Any) -> Any:
    """Plain values in which 1 is 1.0."""
    if isinstance(value, dict):
        return {key: _with_equal_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_equal_numbers(inner) for inner in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole else value
