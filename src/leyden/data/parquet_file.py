"""Tables in Parquet files."""

from pathlib import Path
from typing import Any

import pandas as pd

from leyden.data.report import DataReport
from leyden.data.unreadable import Unreadable

PARQUET = b"PAR1"
MOST_CELLS = 2**30
"""Of a file: one of some kilobytes can say that it holds more than any memory."""


def read_parquet(file: Path, report: DataReport) -> "list[pd.Series[Any]]":
    """The columns of a file.

    Args:
        file: Its path.
        report: It is told which columns hold no single values.

    Raises:
        Unreadable: It is damaged, or the package that reads it is missing.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        message = "needs the package pyarrow: pip install 'leyden[parquet]'"
        raise Unreadable("path", message) from error
    try:
        with ParquetFile(file) as opened:
            cells = opened.metadata.num_rows * opened.metadata.num_columns
            if cells > MOST_CELLS:
                raise Unreadable("path", f"holds {cells:,} cells, too many to hold in memory")
            table = opened.read()
            table.validate(full=True)
    except (ArrowException, OSError, ValueError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable("path", f"can't be read as Parquet: {reason}") from error
    if table.num_rows == 0:
        raise Unreadable("path", "holds no rows")
    if len(set(table.column_names)) < table.num_columns:
        raise Unreadable("path", "has two columns of one name; rename one")
    columns = []
    for name in table.column_names:
        column = _series(table.column(name))
        if column is None:
            kind = table.schema.field(name).type
            report.warnings.append(f"column {name} holds {kind}, no single values: left out")
        else:
            columns.append(column.rename(name))
    return columns


def _series(column: Any) -> "pd.Series[Any] | None":
    """A column of pyarrow as one of pandas that loses nothing; None: its cells are no values."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind):
        return None
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        try:
            column = column.cast(pa.string())
        except pa.ArrowInvalid:
            return None
    signed = {pa.int8(): pd.Int8Dtype, pa.int16(): pd.Int16Dtype, pa.int32(): pd.Int32Dtype}
    unsigned = {pa.uint8(): pd.UInt8Dtype, pa.uint16(): pd.UInt16Dtype, pa.uint32(): pd.UInt32Dtype}
    large = {pa.int64(): pd.Int64Dtype, pa.uint64(): pd.UInt64Dtype, pa.bool_(): pd.BooleanDtype}
    exact = {kind: dtype() for kind, dtype in (signed | unsigned | large).items()}
    found: pd.Series[Any] = column.to_pandas(types_mapper=exact.get, date_as_object=False)
    return found
