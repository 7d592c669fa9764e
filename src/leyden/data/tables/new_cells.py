"""Cells of rows that come after training, read as the training rows were."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.errors import DataError, excerpt, format_cell
from leyden.data.parsing.cells import DistinctCells
from leyden.data.parsing.column_types import convert_typed_column
from leyden.data.parsing.known_format import times_by_format
from leyden.data.parsing.number_format import WITH_UNIT, NumberFormat
from leyden.data.parsing.times import (
    BY_FORMAT,
    Times,
    parse_times,
    parse_without_format,
    possible_times,
)
from leyden.data.report import DataReport
from leyden.data.tables.encoders import CategoryEncoder, Encoder, NumberEncoder, TimeEncoder
from leyden.data.tables.preparation import TablePreparation

Cells = Sequence[str] | pd.Series
"""Cells of a text file, without blanks at their ends, or values that have a type."""


@dataclass
class ReadColumn:
    """A column with the type that its encoder takes.

    Attributes:
        values: Values; of a cell with a problem there is none.
        problems: What is wrong, by row.
        num_filled: Missing numbers or times, which the encoder fills.
    """

    values: "pd.Series[Any]"
    problems: dict[int, str] = field(default_factory=dict)
    num_filled: int = 0


def read_column(encoder: Encoder, cells: Cells, preparation: TablePreparation) -> ReadColumn:
    """The values of a column; see `ReadColumn`."""
    format = preparation.format
    texts, values = texts_or_values(cells, format.missing_words)
    if isinstance(encoder, CategoryEncoder):
        return _categories(encoder, texts, values, preparation)
    if values is not None:
        found = _typed(encoder, values)
    elif isinstance(encoder, NumberEncoder):
        found = _numbers(encoder, texts, preparation)
    else:
        found = _times(encoder, texts, preparation)
    is_missing = found.values.isna().to_numpy()
    missing = [row for row in np.flatnonzero(is_missing).tolist() if row not in found.problems]
    if encoder.scaling.filling is None:
        found.problems |= dict.fromkeys(missing, f"{encoder.name} is missing")
    else:
        found.num_filled = len(missing)
    return found


def texts_or_values(
    cells: Cells, missing: frozenset[str]
) -> "tuple[list[str], pd.Series[Any] | None]":
    """Cells of text, or values that are numbers or times already."""
    if not isinstance(cells, pd.Series):
        return list(cells), None
    values = convert_typed_column(cells, missing, DataReport())
    if values.dtype == object:
        return ["" if pd.isna(value) else str(value) for value in values], None
    return [], values.reset_index(drop=True)


def _typed(encoder: NumberEncoder | TimeEncoder, values: "pd.Series[Any]") -> ReadColumn:
    is_number = pd.api.types.is_numeric_dtype(values)
    if values.isna().all():
        return ReadColumn(_nothing(encoder, len(values)))
    if isinstance(encoder, NumberEncoder):
        if is_number:
            return ReadColumn(values.astype("float64"))
        raise DataError(None, f"column `{encoder.name}` holds times; it held numbers in training")
    times = parse_times(values.dropna(), key="features")
    if encoder.form and is_number and times.form != encoder.form:
        raise DataError(None, f"column `{encoder.name}` holds numbers; it held {encoder.form}")
    return ReadColumn(times.moments.reindex(values.index))


def _nothing(encoder: NumberEncoder | TimeEncoder, count: int) -> "pd.Series[Any]":
    if isinstance(encoder, NumberEncoder):
        return pd.Series(np.full(count, np.nan))
    if encoder.form == "durations":
        return pd.Series(np.full(count, np.timedelta64("NaT", "us")))
    return pd.Series(np.full(count, np.datetime64("NaT", "us")))


def _form(preparation: TablePreparation) -> NumberFormat:
    return NumberFormat(preparation.format.decimal, preparation.format.thousands)


def _numbers(encoder: NumberEncoder, texts: list[str], preparation: TablePreparation) -> ReadColumn:
    bare = [_without_unit(text, encoder.unit) for text in texts] if encoder.unit else texts
    distinct = DistinctCells.of(bare, _form(preparation), preparation.format.missing_words)
    values = distinct.numbers | dict.fromkeys(distinct.missing | distinct.missing_numbers, np.nan)
    wrong = {word: f"{encoder.name}: `{excerpt(word)}` is no number" for word in distinct.others}
    array = np.array([values.get(cell, np.nan) for cell in bare], dtype=np.float64)
    problems = {row: wrong[cell] for row, cell in enumerate(bare) if cell in wrong}
    return ReadColumn(pd.Series(array), problems)


def _without_unit(text: str, unit: str) -> str:
    """The bare number of one with the unit of the training rows."""
    found = WITH_UNIT.fullmatch(text)
    if found is None:
        return text
    own = "".join([(found["before"] or "").strip(), (found["after"] or "").strip()])
    return found["number"].strip() if own == unit else text


def _categories(
    encoder: CategoryEncoder,
    texts: list[str],
    values: "pd.Series[Any] | None",
    preparation: TablePreparation,
) -> ReadColumn:
    if values is not None:
        texts = ["" if pd.isna(value) else format_cell(value) for value in values]
    missing = preparation.format.missing_words
    distinct = DistinctCells.of(texts, _form(preparation), missing)
    absent = distinct.missing
    names = {cell: cell for cell in distinct.counts}
    if encoder.are_numbers:
        absent = absent | distinct.missing_numbers
        names |= {cell: format_cell(number) for cell, number in distinct.numbers.items()}
    if encoder.ignores_case:
        known = {name.lower(): name for name in encoder.known}
        names = {cell: known.get(cell.lower(), cell) for cell in names}
    found = [None if cell in absent else names[cell] for cell in texts]
    unseen = {name for name in {one or "" for one in found} if name not in encoder.known}
    problems = {
        row: _unseen(encoder.name, name or "")
        for row, name in enumerate(found)
        if (name or "") in unseen
    }
    return ReadColumn(pd.Series(found, dtype=object), problems)


def _unseen(name: str, value: str) -> str:
    if not value:
        return f"{name} is missing, which it is in no training row"
    return f"{name}: no training row has `{excerpt(value)}`"


def _times(encoder: TimeEncoder, texts: list[str], preparation: TablePreparation) -> ReadColumn:
    distinct = DistinctCells.of(texts, _form(preparation), preparation.format.missing_words)
    absent = distinct.missing | distinct.missing_numbers
    cells = pd.Series(texts, dtype=object, name=encoder.name)
    present = cells[~cells.isin(absent)]
    found = _nothing(encoder, len(texts))
    if present.empty:
        return ReadColumn(found)
    wrong = f"is none of {encoder.form or 'times'}"
    if encoder.form.startswith(BY_FORMAT):
        form = encoder.form.removeprefix(BY_FORMAT)
        moments = times_by_format(present, form, first_year=encoder.first_year)
        unread = present[moments.isna()]
        problems = {
            row: f"{encoder.name}: `{excerpt(str(cell))}` {wrong}"
            for row, cell in zip(unread.index.tolist(), unread, strict=True)
        }
        return ReadColumn(moments.reindex(cells.index), problems)
    whole = _moments(encoder, present)
    if whole is not None:
        return ReadColumn(whole.reindex(cells.index))
    problems = {}
    for cell, rows in present.groupby(present).groups.items():
        one = _moments(encoder, present.loc[rows])
        if one is None:
            said = f"{encoder.name}: `{excerpt(str(cell))}` {wrong}"
            problems |= dict.fromkeys(map(int, rows), said)
        else:
            found.loc[rows] = one
    return ReadColumn(found, problems)


def _moments(encoder: TimeEncoder, cells: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """Cells that are written as the training cells were; None where one is not."""
    if encoder.form:
        plain = parse_without_format(cells)
        readings = [] if plain is None else [plain]
    else:  # the training file had typed times, so each format may be meant
        readings = possible_times(cells)
    numbers = pd.to_numeric(cells, errors="coerce")
    if numbers.notna().all():
        readings.append(parse_times(numbers, key="features"))
    return next((one.moments for one in readings if _is_alike(one, encoder)), None)


def _is_alike(times: Times, encoder: TimeEncoder) -> bool:
    if not encoder.form:
        return not pd.api.types.is_numeric_dtype(times.moments)
    return times.form == encoder.form
