"""The data set of a table: classes or numbers are predicted from the other columns of a row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from leyden.data.datamodule import DataModule
from leyden.data.parsing.table_file import column_of, read_table
from leyden.data.parsing.table_format import (
    Decimal,
    MissingWord,
    Separator,
    Thousands,
    table_format_of,
)
from leyden.data.report import DataReport
from leyden.data.spec import DataKind
from leyden.data.splits import DataSplits
from leyden.data.splitting import SplitRule
from leyden.data.tables.columns import ColumnChoice
from leyden.data.tables.encoding import feature_names, inputs_of
from leyden.data.tables.features import Impute, fit_encoders
from leyden.data.tables.leaks import TrainingRows
from leyden.data.tables.preparation import TablePreparation
from leyden.data.tables.rows import TableRows
from leyden.data.tables.splitting import split_table, warn_of_absent_classes, warn_of_duplicates
from leyden.data.tables.target import TableTask, read_target, rows_with_target
from leyden.data.tables.time_features import parse_time_columns
from leyden.types import Count, PositiveInt

FRACTIONS = (0.7, 0.15, 0.15)


class CSVTable(DataModule):
    """Rows of a table: 70 % train, 15 % validate, 15 % test, drawn once for all runs.

    The file holds text, packed or not, Parquet, or arrays of NumPy. Numbers are scaled by their
    mean and deviation in the training part. Each value of a column of text becomes a feature of its
    own, a missing one too. Dates become numbers, and places in the day, week and year. Rows without
    a target are left out, and so are columns that number the rows or have the target in other
    words.

    Args:
        path: Path of the file; its first row names the columns.
        target: Column to predict.
        features: Columns to predict it from; None: all others that can be used.
        task: Task of the data set; None: columns of text and of few whole numbers are classes,
            others numbers.
        split: How rows are split, see `SplitRule`; rows are drawn, or a column decides.
        separator: Sign between cells; blank: any number of blanks and tabs. None: what splits the
            rows evenly.
        decimal: Sign before the decimals of a number.
        thousands: Sign that groups digits by three; none: nothing. None: nothing, and where that is
            doubtful the file is refused.
        encoding: As Python names it; None: UTF-8, or as the byte-order mark says.
        missing: Cells that are missing values, besides empty ones and, in columns of numbers, the
            usual words such as ?, - and NA.
        header: Whether the first row names the columns; without names they are 0, 1, ... None: it
            does, and one that looks like data is refused.
        skip_lines: Lines above the row of names.
        time_format: As `datetime.strptime` takes it, such as %d/%m/%Y, of columns of times that
            can be read in several ways.
        categories: Columns whose numbers are names.
        max_categories: Different values of a column of text. With more of them it names rows rather
            than describes them.
        impute: Replacement of a missing number or time: a statistic of the training part, or
            refuse.
        missing_indicator: Whether a column with missing numbers or times gets a feature that says
            where.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "table"

    def __init__(
        self,
        *,
        path: str,
        target: str,
        features: tuple[str, ...] | None = None,
        task: TableTask | None = None,
        split: dict[str, Any] | None = None,
        separator: Separator | None = None,
        decimal: Decimal = "point",
        thousands: Thousands | None = None,
        encoding: str | None = None,
        missing: tuple[MissingWord, ...] = (),
        header: bool | None = None,
        skip_lines: Count = 0,
        time_format: str | None = None,
        categories: tuple[str, ...] = (),
        max_categories: PositiveInt = 50,
        impute: Impute = "median",
        missing_indicator: bool = False,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.path = path
        self.target = target
        self.features = features
        self.wanted_task = task
        self.split = split
        self.separator = separator
        self.decimal = decimal
        self.thousands = thousands
        self.encoding = encoding
        self.missing = missing
        self.header = header
        self.skip_lines = skip_lines
        self.time_format = time_format
        self.categories = categories
        self.max_categories = max_categories
        self.impute = impute
        self.missing_indicator = missing_indicator

    def source_files(self) -> Sequence[Path]:
        return (Path(self.path).expanduser(),)

    def load(self) -> DataSplits:
        report = DataReport()
        split = SplitRule.of(self.split, fractions=FRACTIONS)
        whole = read_table(self.path, table_format_of(self), report)
        whole = parse_time_columns(whole, self.time_format, report, categories=self.categories)
        column_of(whole, self.target, key="target")
        described = report.column(self.target)
        frame = rows_with_target(whole, described, report)
        target = read_target(frame[self.target], described, self.wanted_task, report)
        parts = split_table(frame, split, target.labels, report)
        if target.labels is not None:
            warn_of_absent_classes(target.labels, target.class_names, parts, report)
        train = parts[0]
        in_order = np.sort(train.numpy())
        rows = TrainingRows(
            places=np.flatnonzero(whole[self.target].notna().to_numpy())[in_order],
            num_in_file=len(whole),
            target=target.values.numpy()[in_order],
            target_name=self.target,
            has_classes=target.labels is not None,
        )
        choice = ColumnChoice(
            features=self.features,
            categories=self.categories,
            max_categories=self.max_categories,
        )
        columns = choice.of(frame, in_order, rows, report)
        encoders = fit_encoders(
            columns,
            train,
            impute=self.impute,
            missing_indicator=self.missing_indicator,
            report=report,
        )
        preparation = TablePreparation(
            encoders=tuple(encoders),
            format=table_format_of(self),
            target=self.target,
            target_unit=described.unit,
        )
        inputs = inputs_of(encoders, columns)
        spec, targets = target.scaled(train, feature_names(encoders, columns))
        warn_of_duplicates(inputs, targets, parts, report)
        is_missing = torch.tensor(columns[preparation.names].isna().to_numpy())
        cut = [TableRows(inputs[part], targets[part], is_missing[part]) for part in parts]
        return DataSplits(spec, cut[0], cut[1], cut[2], report, preparation)
