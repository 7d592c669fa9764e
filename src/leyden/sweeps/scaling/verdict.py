"""What a fitted law is worth: its lack of fit, the largest size held out, and what follows."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import f as f_distribution

from leyden.errors import ConfigError
from leyden.formatting import format_percent
from leyden.sweeps.scaling.fit import (
    LEAST_EXPONENT,
    MOST_EXPONENT,
    Law,
    Points,
    fit,
    require_enough,
)
from leyden.sweeps.scaling.intervals import Interval, interval, resampled
from leyden.sweeps.scaling.measured import FLOPS_PER_PARAMETER

LEVEL = 0.05
MOST_RELATIVE_WIDTH = 1.0
"""An exponent whose interval is wider than this share of itself says too little to extrapolate."""

MOST_DEVIATION = 0.25
"""Of the losses from the law, relative: with more nothing can be read from it."""

MOST_ERROR = 0.1
"""Of the prediction of the largest size, relative, whatever the noise."""

LARGEST_LOG = 300.0
"""Of a factor that can be told: more has no meaning."""


@dataclass(frozen=True)
class HeldOut:
    """The largest size, or amount of data, predicted by the others.

    Attributes:
        largest: Its parameters, or its amount of data.
        term: Which of the two.
        measured: Mean of its losses.
        predicted: Loss that the law of the others says there.
        interval: 95 % interval of that loss, of the law alone.
    """

    largest: float
    term: str
    measured: float
    predicted: float
    interval: Interval

    @property
    def error(self) -> float:
        """Relative error of the prediction."""
        return self.predicted / self.measured - 1


def hold_out_largest(points: Points, *, resamples: int) -> HeldOut | None:
    """Predicts the largest size by the others; None where they are too few for a law."""
    amounts = points.amounts
    term = next(iter(amounts))
    largest = amounts[term].max()
    at = amounts[term] == largest
    rest = points.taken(~at)
    try:
        require_enough(rest)
        law = fit(rest)
    except ConfigError:
        return None
    if set(law.terms) != set(amounts):
        return None
    place = {name: values[at] for name, values in amounts.items()}
    laws = resampled(rest, law, resamples=resamples)
    return HeldOut(
        largest=float(largest),
        term=term,
        measured=float(points.loss[at].mean()),
        predicted=float(law(**place).mean()),
        interval=interval(laws, lambda one: float(one(**place).mean())),
    )


def lack_of_fit(points: Points, law: Law) -> float | None:
    """p-value that points scatter around the law no more than repeats do among themselves.

    The F test of the lack of fit (Draper and Smith, Applied Regression Analysis, section 2.2) on
    log L. None without repeats: then nothing tells noise from a wrong law.
    """
    groups: dict[tuple[float, ...], list[int]] = {}
    for index, place in enumerate(_places(points)):
        groups.setdefault(place, []).append(index)
    log_loss = np.log(points.loss)
    pure = sum(float(((log_loss[g] - log_loss[g].mean()) ** 2).sum()) for g in groups.values())
    pure_freedom = len(points) - len(groups)
    freedom = len(groups) - law.num_parameters
    if pure_freedom < 1 or freedom < 1 or pure == 0:
        return None
    lack = max(0.0, float((law.residuals**2).sum()) - pure)
    ratio = (lack / freedom) / (pure / pure_freedom)
    return float(f_distribution.sf(ratio, freedom, pure_freedom))


def _places(points: Points) -> list[tuple[float, ...]]:
    """N and D of each point, as far as they vary."""
    return [tuple(map(float, place)) for place in zip(*points.amounts.values(), strict=True)]


def weaknesses(
    points: Points,
    law: Law,
    intervals: dict[str, Interval],
    lack: float | None,
    held_out: HeldOut | None,
) -> list[str]:
    """Reasons not to extrapolate; none where the law holds as far as can be seen."""
    found = []
    num_places = len(set(_places(points)))
    if num_places <= law.num_parameters:
        what = "sizes" if law.terms == ("N",) else "amounts" if law.terms == ("D",) else "places"
        found.append(
            f"{num_places} {what} can't contradict a law of {law.num_parameters} parameters"
        )
    for name in ("alpha", "beta"):
        if name not in intervals:
            continue
        low, high = intervals[name]
        value = law.value(name)
        # The search for an exponent has ended at its bound: the points do not tell it.
        is_at_bound = low <= 1.01 * LEAST_EXPONENT or high >= 0.99 * MOST_EXPONENT
        if is_at_bound or not (high - low) / value <= MOST_RELATIVE_WIDTH:
            found.append(f"{name} is known only to be from {low:.2g} to {high:.2g}")
    if law.deviation > MOST_DEVIATION:
        found.append(f"losses lie off the law by {format_percent(law.deviation)}")
    if lack is not None and lack < LEVEL:
        found.append(f"points lie off the law by more than their noise (p = {lack:.2g})")
    if held_out is not None:
        noise = min(3 * law.deviation, math.log1p(MOST_ERROR))
        if abs(math.log1p(held_out.error)) > max(noise, 0.02):
            found.append(
                f"the largest size is predicted with an error of {100 * held_out.error:+.1f} %"
            )
    return found


@dataclass(frozen=True)
class Allocation:
    """What a budget is best spent on."""

    flops: float
    params: float
    amount: float
    loss: float


def best_allocation(law: Law, flops: float) -> Allocation | None:
    """The size and the amount of data with the least loss for C = 6 N D; None of one term alone.

    N = G (C/6)^(beta/(alpha+beta)), D = (C/6)^(alpha/(alpha+beta)) / G with
    G = (alpha A / (beta B))^(1/(alpha+beta)) (Hoffmann et al. 2022, equation 4).
    """
    if law.terms != ("N", "D"):
        return None
    alpha, beta = law.exponents
    a, b = law.factors
    balance = (alpha * a / (beta * b)) ** (1 / (alpha + beta))
    pairs = flops / FLOPS_PER_PARAMETER
    params = balance * pairs ** (beta / (alpha + beta))
    amount = pairs ** (alpha / (alpha + beta)) / balance
    return Allocation(flops, params, amount, float(law(N=params, D=amount)))


def speed_up(law: Law, term: str, worse: float, better: float) -> float:
    """How many times as much of a term the worse recipe needs for the better one's loss.

    ((L_worse - L_inf) / (L_better - L_inf))^(1 / exponent), where L_inf is the floor of the law.
    NaN where the better loss lies below the floor, infinite where the factor is beyond telling.
    """
    exponent = law.exponents[law.terms.index(term)]
    if better <= law.floor or worse <= law.floor:
        return float("nan")
    log_factor = math.log((worse - law.floor) / (better - law.floor)) / exponent
    return math.exp(log_factor) if log_factor < LARGEST_LOG else math.inf
