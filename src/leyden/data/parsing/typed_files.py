"""Tables in Parquet and NumPy files, whose columns have types of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError
from leyden.data.parsing.numpy_file import load_arrays
from leyden.data.report import DataReport

PARQUET = b"PAR1"
MOST_CELLS = 2**30
"""Largest number of cells of a file: a small one can claim more than any memory holds."""


def read_parquet(file: Path, report: DataReport) -> "list[pd.Series[Any]]":
    """The columns of a file.

    Args:
        file: Path of the file.
        report: Report that is told which columns hold no single values.

    Raises:
        DataError: It is damaged, or the package that reads it is missing.
    """
    with _parquet(file) as opened:
        cells = opened.metadata.num_rows * opened.metadata.num_columns
        if cells > MOST_CELLS:
            raise DataError("path", f"holds {cells:,} cells, too many to hold in memory")
        table = opened.read()
        table.validate(full=True)
    if table.num_rows == 0:
        raise DataError("path", "holds no rows")
    if len(set(table.column_names)) < table.num_columns:
        raise DataError("path", "has two columns of one name; rename one")
    return _columns_of_arrow(table, report)


def parquet_batches(file: Path, size: int) -> Iterator["list[pd.Series[Any]]"]:
    """The columns of a file, some rows at a time; those without single values are left out.

    Raises:
        DataError: It is damaged, holds no rows, or the package that reads it is missing.
    """
    with _parquet(file) as opened:
        import pyarrow as pa

        if opened.metadata.num_rows == 0:
            raise DataError("path", "holds no rows")
        for batch in opened.iter_batches(batch_size=size):
            yield _columns_of_arrow(pa.Table.from_batches([batch]), DataReport())


@contextmanager
def _parquet(file: Path) -> Iterator[Any]:
    try:
        from pyarrow import ArrowException  # of the extra `parquet`
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError as error:
        message = "needs the package pyarrow: pip install 'leyden[parquet]'"
        raise DataError("path", message) from error
    try:
        with ParquetFile(file) as opened:
            yield opened
    except (ArrowException, OSError, ValueError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("path", f"can't be read as Parquet: {reason}") from error


def _columns_of_arrow(table: Any, report: DataReport) -> "list[pd.Series[Any]]":
    columns = []
    for name in table.column_names:
        column = _from_arrow(table.column(name))
        if column is None:
            kind = table.schema.field(name).type
            report.warnings.append(f"column {name} holds {kind}, no single values: left out")
        else:
            columns.append(column.rename(name))
    return columns


def _from_arrow(column: Any) -> "pd.Series[Any] | None":
    """A column of pyarrow as one of pandas that loses nothing; None: its cells are no values."""
    import pyarrow as pa  # of the extra `parquet`

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


def read_numpy_table(file: Path) -> "list[pd.Series[Any]]":
    """The columns of a file.

    An array of two dimensions has the columns `name_0`, `name_1`, ..., or, where it is alone, `0`,
    `1`, ...; a structured one has its fields.

    Args:
        file: File with the ending .npz, or of one array.

    Raises:
        DataError: It is damaged, or its arrays make no table.
    """
    arrays = load_arrays(file)
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise DataError("path", f"holds arrays of different lengths ({listed}), no one table")
    columns = [
        column
        for name, array in arrays.items()
        if array.ndim
        for column in _columns("" if len(lengths) == 1 else name, array)
    ]
    if not columns or not len(columns[0]):
        raise DataError("path", "holds no rows")
    return columns


def _columns(name: str, array: NDArray[Any]) -> "list[pd.Series[Any]]":
    if array.dtype.names is not None:
        if array.ndim > 1:
            raise DataError("path", f"holds {name or 'an array'} of shape {array.shape}, no table")
        prefix = f"{name}_" if name else ""
        fields = [(f"{prefix}{field}", array[field]) for field in array.dtype.names]
        return [column for field, values in fields for column in _columns(field, values)]
    if array.ndim > 2 or array.dtype.kind not in "biufUSmMT":
        what = f"of shape {array.shape}" if array.ndim > 2 else f"of type {array.dtype}"
        raise DataError("path", f"holds {name or 'an array'} {what}, which is no table")
    if array.ndim == 1:
        return [_from_array(name or "0", array)]
    prefix = f"{name}_" if name else ""
    return [_from_array(f"{prefix}{place}", array[:, place]) for place in range(array.shape[1])]


def _from_array(name: str, array: NDArray[Any]) -> "pd.Series[Any]":
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            raise DataError("path", f"holds bytes in `{name}` that are not in UTF-8") from error
    if array.dtype.kind in "UT":
        return pd.Series(array.tolist(), dtype=object, name=name)
    if array.dtype.kind in "mM":
        return pd.Series(array, name=name)
    native = array.astype(array.dtype.newbyteorder("="))
    return pd.Series(native.astype(np.float64) if native.dtype.kind == "f" else native, name=name)
