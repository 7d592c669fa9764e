"""A series of the user's: a column of a CSV file, forecast from its own past and other columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import torch

from leyden.data.csv_file import Decimal, Separator, column_of, read_csv
from leyden.data.datamodule import DataModule
from leyden.data.parts import Parts
from leyden.data.series import series_parts
from leyden.data.spec import Kind
from leyden.data.unreadable import Unreadable
from leyden.ranges import PositiveInt


class CSVSeries(DataModule):
    """Rows of a CSV file as times, equally far apart: 70 % train, then 15 % validate, 15 % test.

    What is missing is filled in on a line between its neighbours.

    Args:
        path: The file; its first row names the columns.
        target: The column to forecast.
        features: Further columns whose past the model sees.
        time: A column by which rows are sorted, numbers or dates like 2026-11-22; None: they are in
            order.
        lags: Times that the model sees.
        horizon: Times that it forecasts.
        separator: See `CSVTable`.
        decimal: See `CSVTable`.
        shared: Those of `DataModule`.
    """

    kind: ClassVar[Kind] = "series"

    def __init__(
        self,
        *,
        path: str,
        target: str,
        features: tuple[str, ...] = (),
        time: str | None = None,
        lags: PositiveInt = 24,
        horizon: PositiveInt = 1,
        separator: Separator | None = None,
        decimal: Decimal = "point",
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = path
        self.target = target
        self.features = features
        self.time = time
        self.lags = lags
        self.horizon = horizon
        self.separator = separator
        self.decimal = decimal

    def source_files(self) -> Sequence[Path]:
        return (Path(self.path).expanduser(),)

    def load(self) -> Parts:
        frame = read_csv(self.path, self.separator, self.decimal)
        columns, notes = [], []
        if self.time is not None:
            times = column_of(frame, self.time, key="time")
            num_again = int(times.duplicated().sum())
            if num_again:
                notes.append(f"column {self.time}: {num_again} times come again")
            frame = frame.iloc[time_order(times)]
        for key, name in [("target", self.target), *(("features", name) for name in self.features)]:
            column = column_of(frame, name, key=key)
            if not pd.api.types.is_numeric_dtype(column):
                raise Unreadable(key, f"column `{name}` holds text, no numbers")
            if column.isna().all():
                raise Unreadable(key, f"column `{name}` is empty")
            if column.isna().any():
                notes.append(f"column {name}: {int(column.isna().sum())} missing, filled in")
            columns.append(column.astype(float).interpolate(limit_direction="both").to_numpy())
        values = torch.from_numpy(np.stack(columns, axis=1))
        return series_parts(
            values,
            lags=self.lags,
            horizon=self.horizon,
            target_name=self.target,
            notes=tuple(notes),
        )


def time_order(column: "pd.Series[Any]") -> "np.ndarray[Any, np.dtype[np.intp]]":
    """Rows in the order of their times.

    Raises:
        Unreadable: Some are neither dates nor numbers.
    """
    if not pd.api.types.is_numeric_dtype(column):
        try:
            column = pd.to_datetime(column, format="ISO8601")  # 1.2. could be February or January
        except ValueError as error:
            message = f"column `{column.name}` holds neither numbers nor dates like 2026-11-22"
            raise Unreadable("time", message) from error
    return np.argsort(column.to_numpy(), kind="stable")
