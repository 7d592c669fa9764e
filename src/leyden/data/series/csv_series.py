"""The data set of a series in a table: a column is forecast from its past and other columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from leyden.data.datamodule import DataModule
from leyden.data.errors import DataError
from leyden.data.folds import KEY, NOT_IN_TIME
from leyden.data.parsing.table_format import (
    Decimal,
    MissingWord,
    Separator,
    Thousands,
    table_format_of,
)
from leyden.data.report import DataReport
from leyden.data.series.preparation import Gaps, SeriesLayout
from leyden.data.series.series import SHARES, series_splits
from leyden.data.series.series_reader import SeriesReader
from leyden.data.spec import DataKind
from leyden.data.splits import DataSplits
from leyden.data.splitting import SplitRule
from leyden.types import Count, PositiveInt


class CSVSeries(DataModule):
    """Rows of a table as even times: the first 70 % train, then 15 % validate, 15 % test.

    A missing value becomes the last one before it, never a later one. What was filled in is seen
    by the model and never predicted.

    Args:
        path: Path of the file; its first row names the columns.
        target: Column to forecast.
        features: Names of further columns whose past the model sees.
        time: Column of times, or several such as [Date,Time]; None: rows are in order and even.
        time_format: Format of the times, as for `datetime.strptime`; None: it is inferred.
        time_zone: Zone of times without an offset, such as Europe/Berlin; None: they are in none.
        by: Column that tells several series apart; each is split by itself.
        gaps: Treatment of missing times: `fill` repeats the last values before them, `keep` leaves
            out windows that have one in them. None: such a file is refused.
        lags: Number of times that the model sees.
        horizon: Number of times that it forecasts.
        split: How times are split, see `SplitRule`; only `fractions`.
        separator: Sign between cells, see `TableFormat`.
        decimal: Sign before the decimals of a number.
        thousands: Sign that groups the digits of numbers by three.
        encoding: Encoding of a text file.
        missing: Cells that are missing values, besides empty ones.
        header: Whether the first row names the columns.
        skip_lines: Lines above the names of the columns.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "series"

    def __init__(
        self,
        *,
        path: str,
        target: str,
        features: tuple[str, ...] = (),
        time: str | tuple[str, ...] | None = None,
        time_format: str | None = None,
        time_zone: str | None = None,
        by: str | None = None,
        gaps: Gaps | None = None,
        lags: PositiveInt = 24,
        horizon: PositiveInt = 1,
        split: dict[str, Any] | None = None,
        separator: Separator | None = None,
        decimal: Decimal = "point",
        thousands: Thousands | None = None,
        encoding: str | None = None,
        missing: tuple[MissingWord, ...] = (),
        header: bool | None = None,
        skip_lines: Count = 0,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = path
        self.target = target
        self.features = features
        self.time = time
        self.time_format = time_format
        self.time_zone = time_zone
        self.by = by
        self.gaps = gaps
        self.lags = lags
        self.horizon = horizon
        self.split = split
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.encoding = encoding
        self.missing = missing
        self.header = header
        self.skip_lines = skip_lines

    def source_files(self) -> Sequence[Path]:
        return (Path(self.path).expanduser(),)

    def load(self) -> DataSplits:
        report = DataReport()
        split = SplitRule.of(self.split, fractions=SHARES)
        if split.by is not None or split.kind is not None:
            message = "is not for series, which are split by time; data.by takes several series"
            raise DataError("split.by", message)
        if split.fold is not None:
            raise DataError(KEY, NOT_IN_TIME)
        found = SeriesReader(self.layout).read(self.path, report)
        return series_splits(
            [one.series for one in found],
            layout=self.layout,
            lags=self.lags,
            horizon=self.horizon,
            target_name=self.target,
            shares=split.fractions,
            report=report,
        )

    @property
    def layout(self) -> SeriesLayout:
        """Where the series are in the file."""
        return SeriesLayout(
            target=self.target,
            features=self.features,
            time=(self.time,) if isinstance(self.time, str) else tuple(self.time or ()),
            time_format=self.time_format,
            time_zone=self.time_zone,
            by=self.by,
            gaps=self.gaps,
            format=table_format_of(self),
        )
