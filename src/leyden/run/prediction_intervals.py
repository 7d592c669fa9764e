"""How far predictions of numbers are off: 95 % intervals from the errors on the validation part.

By split conformal prediction (Lei et al. 2018, arXiv 1604.04173, section 2.2): the interval around
a prediction is as wide as the error that the fitting share of the validation errors does not
exceed. It needs no distribution of the errors, only that those to come are like them.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leyden.run.kept_file import read_kept, write_kept

NAME = "prediction_intervals.json"
LEVEL = 0.95
FEWEST = 19
"""Errors from which the 95 % quantile is one of them: (n + 1) 0.95 <= n."""


@dataclass(frozen=True)
class PredictionIntervals:
    """Half widths of the intervals, in the target's own unit.

    Attributes:
        half_widths: For each step ahead; of a table one.
        counts: Validation errors that each comes from.
        coverage: Share of the test errors that are within it; None where there are none.
        level: Share of errors that an interval is to hold.
    """

    half_widths: list[float]
    counts: list[int]
    coverage: list[float | None]
    level: float = LEVEL


def intervals_of(
    errors: list[NDArray[np.float64]], test_errors: list[NDArray[np.float64]]
) -> PredictionIntervals:
    """The intervals, of as many steps as there are errors enough for.

    Args:
        errors: Errors on the validation part, for each step.
        test_errors: Errors on the test part, likewise.
    """
    halves, counts, coverage = list[float](), list[int](), list[float | None]()
    for own, test in zip(errors, test_errors, strict=True):
        if len(own) < FEWEST:
            break
        half = conformal_half_width(own)
        halves.append(half)
        counts.append(len(own))
        coverage.append(float((np.abs(test) <= half).mean()) if len(test) else None)
    return PredictionIntervals(halves, counts, coverage)


def conformal_half_width(errors: NDArray[np.float64]) -> float:
    """The ceil(0.95 (n + 1))-th smallest of n absolute errors."""
    place = math.ceil(LEVEL * (len(errors) + 1)) - 1
    return float(np.partition(np.abs(errors), place)[place])


def write_intervals(folder: Path, found: PredictionIntervals) -> None:
    """Writes what `read_intervals` reads."""
    write_kept(folder / NAME, found)


def read_intervals(folder: Path) -> PredictionIntervals | None:
    """The intervals of a run; None: it has none.

    Raises:
        ConfigError: The file is damaged.
    """
    return read_kept(folder / NAME, PredictionIntervals)
