"""Rows that come after training, as a model's inputs: a file of them, or some values in memory."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
from jaxtyping import Shaped
from torch import Tensor

from leyden.data.errors import DataError
from leyden.data.parsing.row_stream import RowBlock, read_blocks
from leyden.data.tables.encoding import inputs_of
from leyden.data.tables.new_cells import Cells, read_column
from leyden.data.tables.preparation import TablePreparation

MOST_NAMES = 20


@dataclass(frozen=True)
class NewRows:
    """Some rows that a model is asked about.

    Attributes:
        first: Number of the first row in its file, from 1.
        inputs: Features or tokens of each row; those of a row with a problem mean nothing.
        problems: What is wrong with a row, by its place among these, from 0.
        filled: Missing numbers and times that were filled, by column.
        block: Cells of all columns, as they were read.
    """

    first: int
    inputs: Shaped[Tensor, "rows features"]
    problems: dict[int, str]
    filled: Counter[str]
    block: RowBlock


class LackingColumns(DataError):
    """A table lacks columns that the run was trained on; the cells may be taken as missing."""


def read_new_rows(
    path: Path, preparation: TablePreparation, *, size: int, may_lack: bool = False
) -> Iterator[NewRows]:
    """The rows of a file, some at a time; columns are found by their names, in any order.

    Args:
        path: Text, Parquet or NumPy file.
        preparation: What the run learned of its columns.
        size: Rows that are read together.
        may_lack: Whether the cells of a column that is not there count as missing.

    Raises:
        DataError: It is no table, or lacks a column.
    """
    for block in read_blocks(path, preparation.format, size=size):
        yield new_rows(block, preparation, may_lack=may_lack)


def new_rows(block: RowBlock, preparation: TablePreparation, *, may_lack: bool = False) -> NewRows:
    """A block of rows as inputs; see `read_new_rows`."""
    problems, filled = dict(block.uneven), Counter[str]()
    values: dict[str, pd.Series] = {}
    lacking = [name for name in preparation.names if name not in block.columns]
    if lacking and not may_lack:
        raise LackingColumns(None, lacking_words(lacking, block.columns))
    for encoder in preparation.encoders:
        cells: Cells = block.columns.get(encoder.name, [""] * len(block))
        column = read_column(encoder, cells, preparation)
        for row, problem in column.problems.items():
            if row not in block.uneven:
                problems[row] = f"{problems[row]}; {problem}" if row in problems else problem
        if column.num_filled:
            filled[encoder.name] += column.num_filled
        values[encoder.name] = column.values
    inputs = inputs_of(preparation.encoders, pd.DataFrame(values))
    return NewRows(block.first, inputs, problems, filled, block)


def lacking_words(lacking: list[str], there: Mapping[str, object]) -> str:
    """Which columns are missing, with the names that are there."""
    near = get_close_matches(lacking[0], list(there), n=1)
    named = ", ".join(f"`{name}`" for name in lacking[:MOST_NAMES])
    have = ", ".join(list(there)[:MOST_NAMES])
    hint = f"did you mean `{near[0]}`?" if near else f"it has {have}"
    return f"lacks the column{'s' if len(lacking) > 1 else ''} {named}; {hint}"
