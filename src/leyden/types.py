"""Numbers with their ranges: constructors say them, `check` reads them there."""

from typing import Annotated

from annotated_types import Ge, Gt, Interval

PositiveInt = Annotated[int, Ge(1)]
Count = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Fraction = Annotated[float, Interval(ge=0, le=1)]
"""A share of a whole; 0 and 1 included."""
Share = Annotated[float, Interval(gt=0, le=1)]
"""What is kept of a whole: something, at least."""
Probability = Annotated[float, Interval(ge=0, lt=1)]
"""A rate at which something is dropped or kept in a running mean: 1 would leave nothing."""
