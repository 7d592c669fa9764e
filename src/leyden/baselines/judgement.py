"""How the result of a run stands to the baselines of its data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leyden.formatting import format_number

LESS_IS_BETTER = frozenset({"loss", "rmse", "mae", "ppl", "bpb", "brier", "ece"})

USUAL = ("acc", "rmse", "loss")
"""Metrics by which results are compared with baselines, unless the run monitored another."""


@dataclass(frozen=True)
class Standing:
    """A result beside baselines.

    Attributes:
        metric: Name of the test metric.
        value: Value of the run.
        baselines: Names and values of the baselines, as they were computed.
        sentence: What it comes to.
        is_warning: Whether the result is no better than a trivial baseline.
    """

    metric: str
    value: float
    baselines: list[tuple[str, float]]
    sentence: str
    is_warning: bool


def standing(
    metrics: Mapping[str, float | None],
    intervals: Mapping[str, Sequence[float]],
    baselines: Sequence[Mapping[str, Any]] | None,
    *,
    monitor: str | None,
) -> Standing | None:
    """How a run stands to the baselines; None where it has none, or no metric in common with them.

    Args:
        metrics: Metrics of the run.
        intervals: 95 % intervals of its test metrics.
        baselines: Baselines as in the record of the run.
        monitor: The metric that selected its checkpoint.
    """
    trivial = [one for one in baselines or () if one["is_trivial"]]
    metric = compared_metric(metrics, trivial, monitor)
    if metric is None:
        return None
    value = float(metrics[metric] or 0.0)
    found = [
        (one["name"], one["metrics"][metric], one["is_trivial"])
        for one in baselines or ()
        if one["metrics"].get(metric) is not None
    ]
    sign = 1 if metric.removeprefix("test/") in LESS_IS_BETTER else -1
    by_value = sorted(found, key=lambda one: sign * one[1])
    name, best, _ = next(one for one in by_value if one[2])
    low, high = intervals.get(metric, (value, value))
    shown = f"{metric} {format_number(value)}"
    if sign * value >= sign * best:
        sentence = f"{shown} is no better than the trivial baseline “{name}”"
        return Standing(metric, value, [one[:2] for one in found], sentence, True)
    if low <= best <= high:
        sentence = f"{shown} can't be told apart from the trivial baseline “{name}”"
        return Standing(metric, value, [one[:2] for one in found], sentence, True)
    name, best, is_trivial = by_value[0]
    if sign * value < sign * best:
        sentence = f"{shown} is better than all {len(found)} baselines"
        if low <= best <= high and not is_trivial:
            sentence += f", but can't be told apart from “{name}” ({format_number(best)})"
    else:
        sentence = f"{shown} is no better than the baseline “{name}” ({format_number(best)})"
    return Standing(metric, value, [one[:2] for one in found], sentence, False)


def compared_metric(
    metrics: Mapping[str, float | None],
    trivial: Sequence[Mapping[str, Any]],
    monitor: str | None,
) -> str | None:
    """The test metric that a run is compared with baselines by."""
    own = (monitor or "").removeprefix("val/")
    names = [name for name in (own if own != "loss" else "", *USUAL) if name]
    for name in names:
        metric = f"test/{name}"
        has_trivial = any(one["metrics"].get(metric) is not None for one in trivial)
        if has_trivial and metrics.get(metric) is not None:
            return metric
    return None
