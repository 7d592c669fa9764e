"""The number by which a sweep compares its jobs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leyden.sweeps.record import Objective

COSTS = ("params", "flops", "seconds")
"""What else than a metric may be an objective."""


def objective_value(objective: "Objective", record: dict[str, Any]) -> float | None:
    """An objective's value for a run; None where it has none.

    Args:
        objective: What is asked for.
        record: The run's `run.json`.
    """
    if objective.metric in COSTS:
        return _cost(objective.metric, record)
    values = [value for _, value in record["monitored"] if value is not None]
    if objective.metric != record["best"]["metric"] or not values:
        return float_or_none(record["metrics"].get(objective.metric))
    return reduced(values, objective)


def reduced(values: list[float], objective: "Objective") -> float:
    """The best or last of the validations' values, or the mean of the last few.

    Args:
        values: At least one, in the order of time.
        objective: Says which.
    """
    if objective.reduce == "best":
        return min(values) if objective.mode == "min" else max(values)
    last = values[-1:] if objective.reduce == "last" else values[-int(objective.reduce) :]
    return sum(last) / len(last)


def _cost(name: str, record: dict[str, Any]) -> float | None:
    if name == "params":
        return float(record["params"]["total"])
    if name == "flops":
        return float_or_none(record["flops"]["total"])
    return float_or_none(record["train_seconds"])


def float_or_none(value: Any) -> float | None:
    """A number, or None where there is none."""
    return None if value is None else float(value)
