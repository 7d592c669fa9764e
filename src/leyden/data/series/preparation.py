"""How the rows of a table become a series, for rows that come after training."""

from dataclasses import dataclass, field
from typing import Literal

from leyden.data.parsing.table_format import TableFormat

Gaps = Literal["fill", "keep"]


@dataclass(frozen=True, kw_only=True)
class SeriesLayout:
    """Where the series of a table are, see `CSVSeries` for what the names mean.

    Attributes:
        target: Column to forecast.
        features: Further columns that a model sees.
        time: Columns of times; none: rows are in order and even.
        time_format: Format of the times.
        time_zone: Zone of times without an offset.
        by: Column that tells several series apart.
        gaps: Treatment of missing times.
        format: Format of text files.
    """

    target: str
    features: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    time_format: str | None = None
    time_zone: str | None = None
    by: str | None = None
    gaps: Gaps | None = None
    format: TableFormat = field(default_factory=TableFormat)


@dataclass(frozen=True, kw_only=True)
class SeriesPreparation:
    """What a run learned of its series.

    Attributes:
        layout: Where series are in a table.
        mean: Mean of each column in the training parts; the target is the first.
        std: Their standard deviations.
        lags: Times that the model sees.
        horizon: Times that it forecasts at once.
    """

    layout: SeriesLayout
    mean: tuple[float, ...]
    std: tuple[float, ...]
    lags: int
    horizon: int
