"""An axis of a sweep as a parameter of Optuna's."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from leyden.config.sweep_space import Axis

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial, Trial


def name_of(axis: Axis) -> str:
    """An axis's name in the study: the same key may have other values under other conditions."""
    condition = axis.condition
    suffix = f" [{condition.key}={','.join(condition.values)}]" if condition else ""
    return f"{axis.keys[0]}{suffix}"


def distribution_of(axis: Axis) -> "BaseDistribution":
    """What Optuna draws its values from."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    interval = axis.interval
    if interval is None and is_evenly_spaced(axis):
        numbers = [int(text) for (text,) in axis.values]
        return IntDistribution(numbers[0], numbers[-1], step=numbers[1] - numbers[0])
    if interval is None:
        return CategoricalDistribution([text for (text,) in axis.values])
    low, high, is_log = interval.start, interval.end, "log" in interval.tags
    assert low is not None
    assert high is not None
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=is_log)
    return FloatDistribution(low, high, log=is_log)


def suggest(trial: "Trial", axis: Axis) -> Any:
    """A trial's value for an axis."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match distribution_of(axis):
        case IntDistribution(low=low, high=high, step=step, log=is_log):
            return trial.suggest_int(name_of(axis), low, high, step=step, log=is_log)
        case FloatDistribution(low=low, high=high, log=is_log):
            return trial.suggest_float(name_of(axis), low, high, log=is_log)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(name_of(axis), choices)
        case other:
            raise TypeError(f"no axis is drawn from {other}")


def known(trial: "FrozenTrial", axis: Axis) -> Any:
    """The value for an axis that a trial has already."""
    return trial.params[name_of(axis)]


def parsed(axis: Axis, text: str) -> Any:
    """A value that was typed, or written into a record, as Optuna keeps it."""
    from optuna.distributions import FloatDistribution, IntDistribution

    match distribution_of(axis):
        case IntDistribution():
            return int(float(text))
        case FloatDistribution():
            return float(text)
        case _:
            return text


def incompatible(axis: Axis, trials: "list[FrozenTrial]") -> "BaseDistribution | None":
    """What an axis was searched over before, where Optuna can't go on from it; else None."""
    from optuna.distributions import check_distribution_compatibility

    now = distribution_of(axis)
    for trial in trials:
        before = trial.distributions.get(name_of(axis))
        if before is None:
            continue
        try:
            check_distribution_compatibility(before, now)
        except ValueError:
            return before
    return None


def is_evenly_spaced(axis: Axis) -> bool:
    """Whether choices are whole numbers in steps, as those of `range(1, 9, 2)` are."""
    texts = [text for (text,) in axis.values]
    if len(texts) < 3 or not all(text.lstrip("-").isdigit() for text in texts):
        return False
    numbers = [int(text) for text in texts]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and min(steps) > 0
