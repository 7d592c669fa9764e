"""Reading a CSV file of the user's."""

import warnings
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
import pandas as pd

from leyden.data.unreadable import Unreadable

Separator = Literal["comma", "semicolon", "tab", "bar"]
Decimal = Literal["point", "comma"]
SEPARATORS: dict[Separator, str] = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


def read_csv(
    path: str, separator: Separator | None = None, decimal: Decimal = "point"
) -> pd.DataFrame:
    """The table of a file; empty cells and infinite numbers are missing values.

    Args:
        path: The file.
        separator: See `CSVTable`, as for the next.
        decimal: Likewise.

    Raises:
        Unreadable: It is not a table.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # more cells than names
            frame = pd.read_csv(
                path,
                sep=SEPARATORS[separator] if separator else likely_separator(path),
                decimal={"point": ".", "comma": ","}[decimal],
                index_col=False,
                skipinitialspace=True,
                skip_blank_lines=False,
                low_memory=False,
            )
    except UnicodeDecodeError as error:
        raise Unreadable("path", "is not in UTF-8; save it as UTF-8") from error
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        reason = str(error).strip().splitlines()[0]
        raise Unreadable("path", f"can't be read as a table: {reason}") from error
    frame.columns = frame.columns.astype(str)
    filled = frame.notna().any(axis=1).to_numpy().nonzero()[0]
    return frame.iloc[: filled.max(initial=-1) + 1].replace([np.inf, -np.inf], np.nan)


def likely_separator(path: str) -> str:
    """What the first row has most of."""
    with open(path, encoding="utf-8") as file:
        first_row = file.readline()
    return max(SEPARATORS.values(), key=first_row.count)


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
        near = get_close_matches(name, frame.columns, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"the columns: {', '.join(frame.columns)}"
        raise Unreadable(key, f"no column `{name}`; {hint}")
    return frame[name]
