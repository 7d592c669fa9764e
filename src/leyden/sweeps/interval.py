"""How sure a mean over repeats is."""

import math
from collections.abc import Sequence
from statistics import stdev

LEVEL = 0.05
"""Of intervals and tests: what chance alone may give."""


def half_width(values: Sequence[float]) -> float | None:
    """Half the 95 % interval of the mean by Student's t; None for less than two values."""
    from scipy.special import stdtrit  # a part of scipy.stats that is imported at once

    count = len(values)
    if count < 2:
        return None
    return float(stdtrit(count - 1, 1 - LEVEL / 2)) * stdev(values) / math.sqrt(count)
