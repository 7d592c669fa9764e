"""Results of a study of scaling, for each recipe: law, intervals, IsoFLOP optima, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from leyden.errors import ConfigError, Problem
from leyden.sweeps.scaling.fit import Law, Points, Term, fit
from leyden.sweeps.scaling.intervals import RESAMPLES, Interval, interval, resampled
from leyden.sweeps.scaling.isoflop import Optimum, PowerLaw, envelope, optima, power_law
from leyden.sweeps.scaling.measured import Measured
from leyden.sweeps.scaling.verdict import (
    Allocation,
    HeldOut,
    best_allocation,
    hold_out_largest,
    lack_of_fit,
    speed_up,
    weaknesses,
)


@dataclass(frozen=True)
class SpeedUp:
    """How many times as much of a term one recipe needs for the loss of another.

    Attributes:
        worse: Recipe with the greater loss by its law.
        better: The other.
        term: What is counted, N or D.
        factor: How many times as much; NaN where the floor of its law is above that loss, infinite
            where the factor is too large to be told.
        interval: 95 % interval.
    """

    worse: str
    better: str
    term: str
    factor: float
    interval: Interval


@dataclass(frozen=True)
class Scaling:
    """The scaling of one recipe.

    Attributes:
        points: What was measured.
        law: The law; None where there are too few points, see `why`.
        why: Why there is no law.
        intervals: 95 % interval of each parameter of the law.
        lack: See `lack_of_fit`.
        held_out: The largest size, predicted by the others.
        weaknesses: Reasons not to extrapolate.
        optima: The lowest point of each budget.
        growth: N and D of the optima as powers of the budget, by `params` and `amount`.
        frontier: Places of points that no cheaper one beats.
        allocation: What the budget that was asked for is best spent on; None where it was not
            asked for, or the law is too weak.
        allocation_intervals: 95 % intervals of its N, D and loss.
    """

    points: Points
    law: Law | None
    why: str
    intervals: dict[str, Interval]
    lack: float | None
    held_out: HeldOut | None
    weaknesses: list[str]
    optima: list[Optimum]
    growth: dict[str, PowerLaw]
    frontier: list[int]
    allocation: Allocation | None
    allocation_intervals: dict[str, Interval]


@dataclass(frozen=True)
class Study:
    """The scaling of all recipes of a source.

    Attributes:
        measured: Losses of the recipes.
        recipes: Scaling of each recipe.
        speed_ups: Those of recipes whose laws have no weaknesses.
    """

    measured: Measured
    recipes: dict[str, Scaling]
    speed_ups: list[SpeedUp]

    @property
    def not_compared(self) -> list[str]:
        """Recipes whose laws are too weak to say how much more or less they need."""
        weak = [name for name, one in self.recipes.items() if one.law is None or one.weaknesses]
        return weak if len(self.recipes) > 1 else []


def study_of(
    measured: Measured,
    *,
    source: str,
    budget: float | None = None,
    delta: float | None = None,
    resamples: int = RESAMPLES,
) -> Study:
    """Fits the losses of each recipe.

    Args:
        measured: Losses of the recipes.
        source: Where they come from, for messages.
        budget: FLOPs that are to be spent; None: no allocation is computed.
        delta: See `fit`.
        resamples: Number of resamples of the bootstrap.

    Raises:
        ConfigError: No recipe has enough for a law or a parabola.
    """
    recipes, laws = {}, {}
    for name, points in measured.recipes.items():
        recipes[name], laws[name] = _scaling(points, budget, delta, resamples)
    if not any(one.law or one.optima for one in recipes.values()):
        raise ConfigError([Problem("SOURCE", next(iter(recipes.values())).why, source)])
    speed_ups = [
        up
        for data in dict.fromkeys(measured.data.values())
        for up in _speed_ups(
            {name: recipes[name] for name in recipes if measured.data[name] == data}, laws
        )
    ]
    return Study(measured, recipes, speed_ups)


def _scaling(
    points: Points, budget: float | None, delta: float | None, resamples: int
) -> tuple[Scaling, list[Law]]:
    law, why, laws = None, "", list[Law]()
    try:
        law = fit(points, delta=delta)
    except ConfigError as error:
        why = error.problems[0].message
    intervals, lack, held_out, weak = dict[str, Interval](), None, None, list[str]()
    allocation, around = None, dict[str, Interval]()
    if law is not None:
        laws = resampled(points, law, resamples=resamples)
        intervals = {name: _interval_of(laws, name) for name in law.values}
        lack = lack_of_fit(points, law)
        held_out = hold_out_largest(points, resamples=max(50, resamples // 5))
        weak = weaknesses(points, law, intervals, lack, held_out)
    if law is not None and budget is not None and not weak:
        allocation = best_allocation(law, budget)
    if allocation is not None and budget is not None:
        found = [one for law in laws if (one := best_allocation(law, budget)) is not None]
        for name in ("params", "amount", "loss"):
            low, high = np.quantile([getattr(one, name) for one in found], [0.025, 0.975])
            around[name] = (float(low), float(high))
    lowest = optima(points)
    scaling = Scaling(
        points=points,
        law=law,
        why=why,
        intervals=intervals,
        lack=lack,
        held_out=held_out,
        weaknesses=weak,
        optima=lowest,
        growth=_growth(lowest),
        frontier=envelope(points),
        allocation=allocation,
        allocation_intervals=around,
    )
    return scaling, laws


def _interval_of(laws: list[Law], name: str) -> Interval:
    return interval(laws, lambda law: law.value(name))


def _growth(lowest: Sequence[Optimum]) -> dict[str, PowerLaw]:
    found = {}
    for name in ("params", "amount"):
        pairs = [
            (one.flops, getattr(one, name))
            for one in lowest
            if one.is_inside and getattr(one, name)
        ]
        law = power_law(*(np.array(part) for part in zip(*pairs, strict=True))) if pairs else None
        if law is not None:
            found[name] = law
    return found


def _speed_ups(recipes: Mapping[str, Scaling], laws: Mapping[str, list[Law]]) -> list[SpeedUp]:
    """Each recipe on the same data whose law holds beside the best of them.

    One term, the amount of data if there are several, is the largest that all recipes reach; the
    other is the largest of each recipe.
    """
    fitted = {
        name: one for name, one in recipes.items() if one.law is not None and not one.weaknesses
    }
    if len(fitted) < 2:
        return []
    shared = set.intersection(*(set(one.points.amounts) for one in fitted.values()))
    if not shared:
        return []
    term: Term = "D" if "D" in shared else "N"
    top = min(one.points.amounts[term].max() for one in fitted.values())

    def at_top(law: Law, name: str) -> float:
        amounts = fitted[name].points.amounts
        place = {other: float(values.max()) for other, values in amounts.items()} | {term: top}
        return float(law(**place))

    ends = {name: at_top(one.law, name) for name, one in fitted.items() if one.law is not None}
    best = min(ends, key=ends.__getitem__)
    found = []
    for name in fitted:
        if name == best:
            continue
        law = fitted[name].law
        assert law is not None
        pairs = list(zip(laws[name], laws[best], strict=True))
        factor = speed_up(law, term, ends[name], ends[best])
        if not np.isfinite(factor):
            found.append(SpeedUp(name, best, term, factor, (factor, factor)))
            continue
        factors = [speed_up(a, term, at_top(a, name), at_top(b, best)) for a, b in pairs]
        known = [factor for factor in factors if np.isfinite(factor)]
        low, high = np.quantile(known, [0.025, 0.975])
        found.append(SpeedUp(name, best, term, factor, (float(low), float(high))))
    return found


def as_json(found: Study) -> dict[str, Any]:
    """The study as plain values; one recipe's at the top, several by their names."""
    units = found.measured.units
    recipes = {name: _plain(one, units[name]) for name, one in found.recipes.items()}
    content: dict[str, Any] = {
        "left_out": found.measured.left_out,
        "derived": found.measured.derived or None,
    }
    if len(recipes) == 1:
        return {**content, **next(iter(recipes.values()))}
    return {
        **content,
        "recipes": recipes,
        "speed_up": [asdict(one) for one in found.speed_ups],
        "not_compared": found.not_compared,
    }


def _plain(one: Scaling, unit: str) -> dict[str, Any]:
    law, growth = one.law, {"params": "params", "amount": unit}
    fitted = None
    if law is not None:
        fitted = {**law.values, "delta": law.delta, "deviation": law.deviation}
    held = None if one.held_out is None else {**asdict(one.held_out), "error": one.held_out.error}
    best = None
    if one.allocation is not None:
        best = {
            "flops": one.allocation.flops,
            "params": one.allocation.params,
            unit: one.allocation.amount,
            "loss": one.allocation.loss,
            "intervals": {growth.get(k, k): v for k, v in one.allocation_intervals.items()},
        }
    return {
        "points": len(one.points),
        "fit": fitted,
        "why_no_fit": one.why or None,
        "intervals": one.intervals,
        "lack_of_fit_p": one.lack,
        "held_out": held,
        "weaknesses": one.weaknesses,
        "isoflop": [
            {
                "flops": low.flops,
                unit: low.amount,
                "params": low.params,
                "loss": low.loss,
                "points": low.count,
                "inside": low.is_inside,
            }
            for low in one.optima
        ],
        "growth": {growth[name]: asdict(law) for name, law in one.growth.items()},
        "frontier": one.frontier,
        "allocation": best,
    }
