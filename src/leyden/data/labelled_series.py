"""A series with a class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leyden.data.splitting import Part


@dataclass(frozen=True)
class LabelledSeries:
    """A series and its class.

    Attributes:
        values: NaN where one is missing.
        names: Columns of the channels; of the times, where a row is a series.
        label: Its class.
        part: The part that its file belongs to; None: none in particular.
        group: What `data.split.by` names; None: nothing.
        where: The file, the row or the name, for messages.
        is_row: It is a row of a table, and its columns are times.
    """

    values: NDArray[np.float64]
    names: tuple[str, ...]
    label: str
    part: Part | None
    group: object
    where: str
    is_row: bool = False

    @property
    def length(self) -> int:
        """Number of times; values that are missing at the end are none."""
        return len(self.values)


def without_end(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the times at the end that have no value, as shorter series in wide tables have."""
    there = np.flatnonzero(~np.isnan(values).all(axis=1))
    return values[: there[-1] + 1] if len(there) else values[:0]
