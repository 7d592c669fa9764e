"""What is learned of the columns of a table from its training rows.

An encoder holds all that it takes, so that rows which come later are read as the training rows
were, also where the training file is gone. `leyden.data.tables.encoding` makes features by it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How numbers are filled and scaled.

    Attributes:
        filling: Replacement of a missing number; None: a missing number is refused.
        mean: Mean of the training rows.
        std: Their standard deviation.
        has_indicator: Whether a feature says where numbers are missing.
    """

    filling: float | None
    mean: float
    std: float
    has_indicator: bool


@dataclass(frozen=True, kw_only=True)
class NumberEncoder:
    """A column of numbers.

    Attributes:
        name: Name of the column.
        scaling: How they are filled and scaled.
        unit: Unit that each number of a text file had; empty: none.
    """

    name: str
    scaling: Scaling
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class CategoryEncoder:
    """A column of categories: a feature for each value that a training row has.

    Attributes:
        name: Name of the column.
        known: Those values, sorted; the empty one stands for missing cells.
        are_numbers: Whether they are written as numbers, so that 5 and 5.0 are one.
        ignores_case: Whether TRUE, True and true are one.
    """

    name: str
    known: tuple[str, ...]
    are_numbers: bool = False
    ignores_case: bool = False


@dataclass(frozen=True, kw_only=True)
class TimeEncoder:
    """A column of dates or durations: when it was, and of dates the place in day, week and year.

    Attributes:
        name: Name of the column.
        scaling: How the seconds are filled and scaled.
        circles: Those of `CYCLES` that vary in the training rows; none of durations.
        form: Format that the cells were read by, in words, see `Times`; empty: the file had times
            as such.
        first_year: First of the 100 years that years of two digits stand for; None: the form has
            no such years.
    """

    name: str
    scaling: Scaling
    circles: tuple[str, ...]
    form: str = ""
    first_year: int | None = None


Encoder = NumberEncoder | CategoryEncoder | TimeEncoder
