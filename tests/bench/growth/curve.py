"""A cost over a size, on logarithmic axes, and the exponent that fits it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

NEARLY_LINEAR = 1.2
"""An exponent up to this, over the last tenfold: above are quadratic and cubic growth."""


@dataclass(frozen=True)
class Curve:
    """A cost over a size.

    Attributes:
        of: What costs.
        over: What grows.
        unit: Of the cost.
        sizes: Growing.
        costs: Of each size.
    """

    of: str
    over: str
    unit: str
    sizes: Sequence[float]
    costs: Sequence[float]

    @property
    def exponent(self) -> float:
        """Of all sizes: below one where a part of the cost does not grow."""
        return exponent(self.sizes, self.costs)

    @property
    def last_exponent(self) -> float:
        """Of the sizes within a factor of ten of the largest, or the last two: how it goes on."""
        last = sum(size >= self.sizes[-1] / 10 for size in self.sizes)
        return exponent(self.sizes[-max(2, last) :], self.costs[-max(2, last) :])

    @property
    def is_nearly_linear(self) -> bool:
        return self.last_exponent <= NEARLY_LINEAR

    def entry(self) -> dict[str, Any]:
        """For JSON."""
        exponents = {"exponent": self.exponent, "last_exponent": self.last_exponent}
        name = f"{self.of}, {self.over}"
        return {"name": name, **vars(self), **exponents, "nearly_linear": self.is_nearly_linear}


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope of the line through the logarithms."""
    return linear_regression([*map(math.log, sizes)], [*map(math.log, costs)]).slope


def plot(curves: Sequence[Curve], path: Path) -> None:
    """Draws curves over the same size, those with the same unit in one picture."""
    units = [*dict.fromkeys(curve.unit for curve in curves)]
    figure = Figure(figsize=(5.5 * len(units), 5.0), layout="constrained")
    FigureCanvasAgg(figure)
    for place, unit in enumerate(units, 1):
        axes = figure.add_subplot(1, len(units), place)
        for curve in (curve for curve in curves if curve.unit == unit):
            label = (
                f"{curve.of}: exponent {curve.exponent:.2f}, at the end {curve.last_exponent:.2f}"
            )
            axes.loglog(curve.sizes, curve.costs, marker="o", label=label)
        costs = [cost for curve in curves if curve.unit == unit for cost in curve.costs]
        axes.set_ylim(decade(min(costs), math.floor), decade(max(costs), math.ceil))
        axes.set_xlabel(curves[0].over)
        axes.set_ylabel({"s": "seconds", "MB": "megabytes"}[unit])
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def decade(value: float, round_to: Callable[[float], int]) -> float:
    """The power of ten below or above."""
    return 10.0 ** round_to(math.log10(value))
