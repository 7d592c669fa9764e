"""Tables in files of NumPy: an array of two dimensions, a structured one, or several."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.packed_file import MOST_BYTES
from leyden.data.unreadable import Unreadable

NPY = b"\x93NUMPY"
"""What files of one array begin with; those of several are zip archives."""

ENDINGS = (".npy", ".npz")


def read_arrays(file: Path) -> "list[pd.Series[Any]]":
    """The columns of a file.

    An array of two dimensions has the columns `name_0`, `name_1`, ..., or, where it is alone, `0`,
    `1`, ...; a structured one has its fields.

    Args:
        file: With the ending .npz, or of one array.

    Raises:
        Unreadable: It is damaged, or its arrays make no table.
    """
    arrays = load_arrays(file)
    lengths = {name: len(array) for name, array in arrays.items() if array.ndim}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise Unreadable("path", f"holds arrays of different lengths ({listed}), no one table")
    columns = [
        column
        for name, array in arrays.items()
        if array.ndim
        for column in _columns("" if len(lengths) == 1 else name, array)
    ]
    if not columns or not len(columns[0]):
        raise Unreadable("path", "holds no rows")
    return columns


def load_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file; one that is alone in its file has no name.

    Raises:
        Unreadable: It is damaged, unpacks to too much, or would run code.
    """
    try:
        return _arrays(file)
    except Unreadable:
        raise
    except Exception as error:  # a changed byte makes numpy and zipfile raise nearly anything
        if "allow_pickle" in str(error):
            message = "holds Python objects, which could run code; save arrays of numbers or text"
            raise Unreadable("path", message) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable("path", f"can't be read as a file of NumPy: {reason}") from error


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    with file.open("rb") as opened:
        if opened.read(len(NPY)) == NPY:
            _require_size(file, file.stat().st_size)
            return {"": np.load(file, allow_pickle=False)}
    with zipfile.ZipFile(file) as archive:
        if sum(one.file_size for one in archive.infolist()) > MOST_BYTES:
            most = MOST_BYTES // 2**30
            raise Unreadable("path", f"unpacks to more than {most} GiB; save it unpacked")
        for one in archive.infolist():
            with archive.open(one) as member:
                _require_header(member, one.file_size)
    with np.load(file, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def _require_size(file: Path, size: int) -> None:
    with file.open("rb") as opened:
        _require_header(opened, size)


def _require_header(opened: Any, size: int) -> None:
    """Raises `ValueError` where an array says that it is larger than its file: it is made first."""
    version = np.lib.format.read_magic(opened)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(opened)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} is cut off")


def _columns(name: str, array: NDArray[Any]) -> "list[pd.Series[Any]]":
    if array.dtype.names is not None:
        if array.ndim > 1:
            raise Unreadable("path", f"holds {name or 'an array'} of shape {array.shape}, no table")
        prefix = f"{name}_" if name else ""
        fields = [(f"{prefix}{field}", array[field]) for field in array.dtype.names]
        return [column for field, values in fields for column in _columns(field, values)]
    if array.ndim > 2 or array.dtype.kind not in "biufUSmMT":
        what = f"of shape {array.shape}" if array.ndim > 2 else f"of type {array.dtype}"
        raise Unreadable("path", f"holds {name or 'an array'} {what}, which is no table")
    if array.ndim == 1:
        return [_series(name or "0", array)]
    prefix = f"{name}_" if name else ""
    return [_series(f"{prefix}{place}", array[:, place]) for place in range(array.shape[1])]


def _series(name: str, array: NDArray[Any]) -> "pd.Series[Any]":
    if array.dtype.kind == "S":
        try:
            array = np.char.decode(array, "utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable("path", f"holds bytes in `{name}` that are not in UTF-8") from error
    if array.dtype.kind in "UT":
        return pd.Series(array.tolist(), dtype=object, name=name)
    if array.dtype.kind in "mM":
        return pd.Series(array, name=name)
    native = array.astype(array.dtype.newbyteorder("="))
    return pd.Series(native.astype(np.float64) if native.dtype.kind == "f" else native, name=name)
