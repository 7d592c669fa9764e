"""What became of a trial: of its one job, or of its repeats, whose mean its objective is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import fmean

from leyden.sweeps.record import DONE, FAILED, JobEntry


def outcome_of(entries: Sequence[JobEntry], num_repeats: int) -> JobEntry:
    """A trial as if it were one job, with the means of the objectives.

    Args:
        entries: Jobs of the trial, at least one.
        num_repeats: Number of jobs that it has when all have begun.
    """
    if num_repeats == 1:
        return entries[0]
    whole = replace(entries[0], state="completed", objective=[])
    if len(entries) < num_repeats or not all(one.state in (*DONE, *FAILED) for one in entries):
        return replace(whole, state="running")
    lost = [one.state for one in entries if one.state != "completed"]
    if lost:  # the mean of the others would be of other data
        return replace(whole, state=lost[0])
    places = zip(*(one.objective for one in entries), strict=True)
    return replace(whole, objective=[_mean(values) for values in places])


def outcomes(entries: Iterable[JobEntry], num_repeats: int) -> list[JobEntry]:
    """What became of each trial."""
    of_trial: dict[int | None, list[JobEntry]] = defaultdict(list)
    for entry in entries:
        of_trial[entry.trial].append(entry)
    return [outcome_of(jobs, num_repeats) for jobs in of_trial.values()]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
