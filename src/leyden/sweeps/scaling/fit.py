"""The law L = E + A N^-alpha + B D^-beta, fitted to losses (Hoffmann et al. 2022, approach 3).

For given exponents E, A and B are linear, so the search is over the exponents alone: variable
projection (Golub and Pereyra 1973). The best of a grid are refined with Huber's loss of log L.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from leyden.errors import ConfigError, Problem

Array = NDArray[np.float64]
Term = Literal["N", "D"]

GRID = np.geomspace(0.02, 2.0, 24)
"""Exponents that the search begins with; published ones are from 0.05 to 0.7."""

LEAST_EXPONENT = 1e-4
MOST_EXPONENT = 5.0
STARTS = 4
"""Number of points of the grid that are refined."""

HUBER = 1.345
"""Standard deviations from which on a residual counts by its size: 95 % as efficient as least
squares where residuals are normal (Huber 1964)."""

TO_DEVIATION = 1.4826
"""Ratio of a normal standard deviation to the median absolute deviation."""

LEAST_DELTA = 1e-6


@dataclass(frozen=True)
class Law:
    """A fitted law.

    Attributes:
        terms: `N`, `D` or both.
        floor: E, the loss that neither size nor data brings down.
        factors: A and B, in the order of `terms`.
        exponents: alpha and beta, in the order of `terms`.
        delta: Residual of log L from which on Huber's loss counts it by its size.
        residuals: log L less that of the law, of each point.
    """

    terms: tuple[Term, ...]
    floor: float
    factors: tuple[float, ...]
    exponents: tuple[float, ...]
    delta: float
    residuals: Array

    @property
    def num_parameters(self) -> int:
        """Numbers that were fitted."""
        return 1 + 2 * len(self.terms)

    @property
    def deviation(self) -> float:
        """Standard deviation of the residuals of log L, with the degrees of freedom left."""
        freedom = max(1, len(self.residuals) - self.num_parameters)
        return float(np.sqrt((self.residuals**2).sum() / freedom))

    def __call__(self, **amounts: Array | float) -> Array:
        """The loss that the law says.

        Args:
            amounts: `N`, `D` or both, as the terms are.
        """
        parts = [
            factor * np.asarray(amounts[term], dtype=float) ** -exponent
            for term, factor, exponent in zip(self.terms, self.factors, self.exponents, strict=True)
        ]
        total: Array = self.floor + np.sum(parts, axis=0)
        return total

    def value(self, name: str) -> float:
        """A parameter by its name: `E`, `A`, `alpha`, `B`, `beta`."""
        return self.values[name]

    @property
    def values(self) -> dict[str, float]:
        """The parameters by name."""
        names = {"N": ("A", "alpha"), "D": ("B", "beta")}
        found = {"E": self.floor}
        for term, factor, exponent in zip(self.terms, self.factors, self.exponents, strict=True):
            found |= dict(zip(names[term], (factor, exponent), strict=True))
        return found


@dataclass(frozen=True)
class Points:
    """Losses that were measured.

    Attributes:
        loss: Losses.
        params: N, the parameters of each model; None where they do not vary or are not known.
        amount: D, tokens or samples that each was trained on; None likewise.
        flops: C, operations of each training; None where they are not known.
    """

    loss: Array
    params: Array | None = None
    amount: Array | None = None
    flops: Array | None = None

    def __len__(self) -> int:
        return len(self.loss)

    @property
    def amounts(self) -> dict[Term, Array]:
        """N and D, as far as they vary."""
        known: dict[Term, Array | None] = {"N": self.params, "D": self.amount}
        return {
            term: values
            for term, values in known.items()
            if values is not None and len(np.unique(values)) > 1
        }

    def taken(self, chosen: Array | NDArray[np.bool_ | np.integer]) -> "Points":
        """Some of the points."""
        parts = (self.loss, self.params, self.amount, self.flops)
        return Points(*(None if part is None else part[chosen] for part in parts))  # type: ignore[arg-type]


def fit(points: Points, *, delta: float | None = None, start: Law | None = None) -> Law:
    """Fits the law to points.

    Args:
        points: At least one more than there are parameters.
        delta: See `Law`; None: 1.345 standard deviations of the residuals, which are estimated by
            their median, so that outliers count little.
        start: Law near the wanted one; None: a grid of exponents is searched.

    Raises:
        ConfigError: There are too few points, or too few different sizes.
    """
    amounts = points.amounts
    require_enough(points)
    log_loss = np.log(points.loss)
    scales = {term: float(np.exp(np.log(values).mean())) for term, values in amounts.items()}
    logs = np.stack([np.log(values / scales[term]) for term, values in amounts.items()])
    starts = (
        _grid_starts(logs, points.loss)
        if start is None
        else [_scaled(start, [scales[term] for term in amounts])]
    )
    used = delta if delta is not None else _first_delta(start)
    best = _refined(starts, logs, log_loss, used, is_near=start is not None)
    if delta is None:
        for _ in range(2 if start is None else 1):
            residuals = log_loss - _log_law(best, logs)
            deviation = TO_DEVIATION * float(np.median(np.abs(residuals)))
            used = max(LEAST_DELTA, HUBER * deviation)
            best = _refined([best], logs, log_loss, used)
    count = len(amounts)
    floor, factors, exponents = np.exp(best[0]), np.exp(best[1 : 1 + count]), best[1 + count :]
    return Law(
        terms=tuple(amounts),
        floor=float(floor),
        factors=tuple(
            float(factor * scales[term] ** exponent)
            for term, factor, exponent in zip(amounts, factors, exponents, strict=True)
        ),
        exponents=tuple(map(float, exponents)),
        delta=float(used),
        residuals=log_loss - _log_law(best, logs),
    )


def require_enough(points: Points) -> None:
    """Raises `ConfigError` where a law can't be fitted to points."""
    amounts = points.amounts
    if not amounts:
        message = "has one size and one amount of data alone: nothing scales"
        raise ConfigError([Problem("SOURCE", message)])
    for term, values in amounts.items():
        count = len(np.unique(values))
        if count < 3:
            what = "sizes" if term == "N" else "amounts of data"
            message = f"has {count} different {what}; a curve with a floor needs 3 or more"
            raise ConfigError([Problem("SOURCE", message)])
    needed = 2 + 2 * len(amounts)
    if len(points) < needed:
        message = f"has {len(points)} points; a law with {needed - 1} parameters needs {needed}"
        raise ConfigError([Problem("SOURCE", message)])


def _first_delta(start: Law | None) -> float:
    return 1e-3 if start is None else start.delta  # 1e-3: as Hoffmann et al.


def _grid_starts(logs: Array, loss: Array) -> list[Array]:
    """The best points of the grid, with their linear parameters."""
    found: list[tuple[float, Array]] = []
    for exponents in product(GRID, repeat=len(logs)):
        columns = [
            np.ones(len(loss)),
            *(np.exp(-e * x) for e, x in zip(exponents, logs, strict=True)),
        ]
        # Divided by the loss: then squares are of relative errors, as those of log L.
        solution, error = nnls(np.stack(columns, axis=1) / loss[:, None], np.ones(len(loss)))
        linear = np.log(np.maximum(solution, 1e-9 * loss.min()))
        found.append((float(error), np.array([*linear, *exponents])))
    found.sort(key=lambda one: one[0])
    return [start for _, start in found[:STARTS]]


def _scaled(law: Law, scales: Sequence[float]) -> Array:
    factors = [
        np.log(max(factor, 1e-300)) - exponent * np.log(scale)
        for factor, exponent, scale in zip(law.factors, law.exponents, scales, strict=True)
    ]
    return np.array([np.log(max(law.floor, 1e-12)), *factors, *law.exponents])


def _log_law(theta: Array, logs: Array) -> Array:
    count = len(logs)
    terms = [np.full(logs.shape[1], theta[0])]
    terms += [theta[1 + i] - theta[1 + count + i] * logs[i] for i in range(count)]
    return np.asarray(np.logaddexp.reduce(terms, axis=0))


def _slopes(theta: Array, logs: Array) -> Array:
    """Derivatives of the log of the law: by log E, log A, log B, alpha, beta."""
    count = len(logs)
    total = _log_law(theta, logs)
    floor = np.exp(theta[0] - total)
    parts = [np.exp(theta[1 + i] - theta[1 + count + i] * logs[i] - total) for i in range(count)]
    return np.stack(
        [floor, *parts, *(-part * x for part, x in zip(parts, logs, strict=True))], axis=1
    )


def _refined(
    starts: Sequence[Array], logs: Array, log_loss: Array, delta: float, *, is_near: bool = False
) -> Array:
    """The parameters with the least sum of Huber's losses; faster for one of many resamples."""
    tolerance, most_steps = (1e-7, 50) if is_near else (1e-12, 400)
    count = len(logs)
    low = np.array([*[-40.0] * (1 + count), *[LEAST_EXPONENT] * count])
    high = np.array([*[40.0] * (1 + count), *[MOST_EXPONENT] * count])
    best: tuple[float, Array] | None = None
    for start in starts:
        found = least_squares(
            lambda theta: _log_law(theta, logs) - log_loss,
            np.clip(start, low + 1e-9, high - 1e-9),
            jac=lambda theta: _slopes(theta, logs),
            bounds=(low, high),
            loss="huber",
            f_scale=delta,
            x_scale="jac",
            xtol=tolerance,
            ftol=tolerance,
            gtol=tolerance / 100,
            max_nfev=most_steps,
        )
        if best is None or found.cost < best[0]:
            best = (float(found.cost), found.x)
    assert best is not None
    return best[1]
