"""How a result stands to the baselines of its data."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leyden.baselines.baseline import Baseline
from leyden.formatting import format_number

LESS_IS_BETTER = frozenset({"loss", "rmse", "mae", "ppl", "bpb", "brier", "ece"})

USUAL = ("acc", "rmse", "loss")
"""Metrics by which results are compared with baselines, unless the run monitored another."""

ALIKE = 1e-9
"""Relative difference of values that are the same."""


@dataclass(frozen=True)
class Standing:
    """A result beside baselines.

    Attributes:
        metric: Name of the metric.
        sign: 1 where less of it is better, -1 where more is.
        value: Value of the result.
        baselines: Baselines that have the metric, the best first.
        interval: 95 % interval of the value over the samples of the test part; None: not known.
    """

    metric: str
    sign: int
    value: float
    baselines: list[Baseline]
    interval: tuple[float, float] | None = None

    @property
    def beats_trivial(self) -> bool:
        """Whether it is better than each trivial baseline, by more than the test part's noise."""
        trivial = [one.metrics[self.metric] for one in self.baselines if one.is_trivial]
        return all(self._gain(value) > 0 and not self._is_within(value) for value in trivial)

    @property
    def sentence(self) -> str:
        """How far it is from the best and from the trivial baseline."""
        fitted = [one for one in self.baselines if not one.is_trivial][:1]
        trivial = [one for one in self.baselines if one.is_trivial][:1]
        parts = [self._beside(one, "best") for one in fitted]
        parts += [self._beside(one, "trivial") for one in trivial]
        return f"With {self.metric} {format_number(self.value)} it is {', and '.join(parts)}."

    def _gain(self, value: float) -> float:
        """By how much the result is better than a value."""
        alike = math.isclose(value, self.value, rel_tol=ALIKE)
        return 0.0 if alike else self.sign * (value - self.value)

    def _is_within(self, value: float) -> bool:
        return self.interval is not None and self.interval[0] <= value <= self.interval[1]

    def _beside(self, one: Baseline, kind: str) -> str:
        value = one.metrics[self.metric]
        gain = self._gain(value)
        word = "better than" if gain > 0 else "worse than" if gain < 0 else "the same as"
        amount = f"{format_number(abs(gain))} " if gain else ""
        is_noise = gain and self._is_within(value)
        noise = "; the test part is too small to tell them apart" if is_noise else ""
        shown = f"{one.name} ({format_number(value)}{noise})"
        return f"{amount}{word} the {kind} baseline, {shown}"


def baselines_in(entries: Iterable[Mapping[str, Any]]) -> list[Baseline]:
    """Baselines as records of runs have them, each name once."""
    found: dict[str, Baseline] = {}
    for entry in entries:
        metrics = {
            name: float(value)
            for name, value in entry["metrics"].items()
            if value is not None and math.isfinite(value)
        }
        one = Baseline(entry["name"], entry["is_trivial"], metrics, entry.get("train_samples", 0))
        found.setdefault(one.name, one)
    return list(found.values())


def standing(
    metrics: Mapping[str, float | None],
    intervals: Mapping[str, Sequence[float]],
    baselines: Sequence[Baseline],
    *,
    monitor: str | None,
) -> Standing | None:
    """How a result stands to baselines; None where it has no metric in common with them.

    Args:
        metrics: Metrics of the result; by the monitor's name its best value.
        intervals: 95 % intervals of its test metrics.
        baselines: Baselines of its data.
        monitor: The metric that selected.
    """
    metric = compared_metric(metrics, baselines, monitor)
    if metric is None:
        return None
    sign = 1 if metric.rpartition("/")[2] in LESS_IS_BETTER else -1
    having = [one for one in baselines if metric in one.metrics]
    ranked = sorted(having, key=lambda one: sign * one.metrics[metric])
    ends = intervals.get(metric)
    interval = None if ends is None else (float(ends[0]), float(ends[1]))
    return Standing(metric, sign, float(metrics[metric] or 0.0), ranked, interval)


def compared_metric(
    metrics: Mapping[str, float | None], baselines: Sequence[Baseline], monitor: str | None
) -> str | None:
    """The metric that a result is compared by: of the test part if there is one, else the monitor.

    Of the test part it is the monitor's own, unless that is a loss, or the usual one of the task; a
    trivial baseline must have it.
    """
    own = (monitor or "").rpartition("/")[2]
    names = [name for name in (own if own != "loss" else "", *USUAL) if name]
    trivial = [one for one in baselines if one.is_trivial]
    for metric in [f"test/{name}" for name in names]:
        if metrics.get(metric) is not None and any(metric in one.metrics for one in trivial):
            return metric
    is_common = monitor is not None and any(monitor in one.metrics for one in baselines)
    return monitor if is_common and metrics.get(monitor or "") is not None else None
