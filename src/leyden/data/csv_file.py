"""Reading a CSV file of the user's."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.unreadable import Unreadable


def read_csv(path: str, separator: str) -> pd.DataFrame:
    """The table of a file; empty cells and infinite numbers are missing values.

    Raises:
        Unreadable: It is not a table.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # more cells than names
            frame = pd.read_csv(
                path,
                sep=separator,
                index_col=False,
                skipinitialspace=True,
                skip_blank_lines=False,
                low_memory=False,
            )
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        reason = str(error).strip().splitlines()[0]
        raise Unreadable("path", f"can't be read as a table: {reason}") from error
    frame.columns = frame.columns.astype(str)
    filled = frame.notna().any(axis=1).to_numpy().nonzero()[0]
    return frame.iloc[: filled.max(initial=-1) + 1].replace([np.inf, -np.inf], np.nan)


def column_of(frame: pd.DataFrame, name: str, *, key: str) -> "pd.Series[Any]":
    """A column by its name.

    Args:
        frame: The table.
        name: Of the column.
        key: The parameter that named it.

    Raises:
        Unreadable: There is none.
    """
    if name not in frame.columns:
        raise Unreadable(key, f"no column `{name}`; the columns: {', '.join(frame.columns)}")
    return frame[name]
