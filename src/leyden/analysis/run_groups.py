"""Runs in groups of equal values: how many there are, and the means of their results."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean

from leyden.errors import ConfigError, Problem
from leyden.run.query import Value, as_number, require_known, sort_key
from leyden.sweeps.objective import half_width

Facts = Mapping[str, Value]
USUAL = ("best", "test/acc", "test/rmse", "test/ppl")
"""Results whose means are shown where none are named."""


@dataclass(frozen=True)
class Mean:
    """A mean over the runs of a group.

    Attributes:
        value: The mean.
        half_width: Half its 95 % interval by Student's t; None of one run.
        count: Runs that have the value.
    """

    value: float
    half_width: float | None
    count: int


@dataclass(frozen=True)
class RunGroup:
    """Runs that agree in the values of some keys.

    Attributes:
        values: Those values by key.
        count: Completed runs.
        means: Mean of each result; None where no run has it.
    """

    values: dict[str, Value]
    count: int
    means: dict[str, Mean | None]


def group_runs(
    runs: Sequence[Facts], by: Sequence[str], results: Sequence[str], sort: str | None = None
) -> list[RunGroup]:
    """Groups of completed runs.

    Args:
        runs: Facts of each run.
        by: Keys in whose values the runs of a group agree.
        results: Metrics or facts whose means are wanted; empty: the usual ones.
        sort: One of both, least first; after a minus, greatest first. None: in the order of `by`.

    Raises:
        ConfigError: No run has such a key, a result is no number, or the runs were selected by
            different metrics, so that the mean of their best values is none.
    """
    require_known(by, runs, flag="--group")
    require_known(results, runs, flag="--columns")
    completed = [run for run in runs if run.get("status") == "completed"]
    wanted = list(results) or _usual(completed)
    groups: dict[tuple[Value, ...], list[Facts]] = defaultdict(list)
    for run in completed:
        groups[tuple(run.get(key) for key in by)].append(run)
    found = [
        RunGroup(
            dict(zip(by, values, strict=True)),
            len(members),
            {name: _mean(name, members) for name in wanted},
        )
        for values, members in groups.items()
    ]
    return _sorted(found, by, wanted, sort)


def _usual(runs: Sequence[Facts]) -> list[str]:
    return [name for name in USUAL if any(run.get(name) is not None for run in runs)]


def _mean(name: str, runs: Sequence[Facts]) -> Mean | None:
    texts = [run[name] for run in runs if run.get(name) is not None]
    values = [as_number(text) for text in texts]
    if name == "best" and len({run.get("best_metric") for run in runs}) > 1:
        message = "is of different metrics in one group; add best_metric to --group"
        raise ConfigError([Problem("--columns", message, name)])
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values):
        message = "is no number, and has no mean; name it in --group"
        raise ConfigError([Problem("--columns", message, name)])
    if not numbers:
        return None
    return Mean(fmean(numbers), half_width(numbers), len(numbers))


def _sorted(
    groups: list[RunGroup], by: Sequence[str], results: Sequence[str], sort: str | None
) -> list[RunGroup]:
    if sort is None:
        return sorted(groups, key=lambda one: [sort_key(one.values, key) for key in by])
    key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    if key in by:
        return sorted(groups, key=lambda one: sort_key(one.values, key), reverse=is_reversed)
    if key not in results:
        message = f"is neither in --group nor in --columns: {', '.join([*by, *results])}"
        raise ConfigError([Problem("--sort", message, key)])

    def place(one: RunGroup) -> float:
        mean = one.means[key]
        return inf if mean is None else (-mean.value if is_reversed else mean.value)

    return sorted(groups, key=place)
