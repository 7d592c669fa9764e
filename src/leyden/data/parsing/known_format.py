"""Times of later rows, read by the format that the training rows were read by."""

from typing import Any

import pandas as pd

from leyden.data.parsing.time_formats import (
    FORMATS,
    WRITTEN_AS_NUMBERS,
    normalize_spelling,
    parse_with_format,
)


def first_year_of(moments: "pd.Series[Any]") -> int:
    """The first of the 100 years around some dates: years of two digits stand for these years.

    Args:
        moments: Dates within less than 100 years; NaT where one is missing.
    """
    years = moments.dt.year
    return int(years.min() + years.max()) // 2 - 49


def times_by_format(
    texts: "pd.Series[Any]", form: str, *, first_year: int | None
) -> "pd.Series[Any]":
    """The dates of cells that are read one by one; NaT where a cell does not fit the format.

    Args:
        texts: Cells of a text file.
        form: Format, as for `datetime.strptime`.
        first_year: First year that years of two digits stand for, see `first_year_of`; None: they
            stand for 1969 to 2068, as POSIX has it.
    """
    if form in WRITTEN_AS_NUMBERS:
        numbers = pd.to_numeric(texts, errors="coerce")
        whole = numbers.where(numbers % 1 == 0).astype("Int64").astype(str)
        digits = len(pd.Timestamp(2000, 1, 1).strftime(form))
        return parse_with_format(whole.where(whole.str.len() == digits), form)
    if form in FORMATS:  # a format that the user typed fits the cells as they are
        texts = normalize_spelling(texts.astype(str).str.strip())
    moments = parse_with_format(texts, form)
    if first_year is None or "%y" not in form:
        return moments
    years = moments.dt.year
    shifts = (years - first_year) % 100 + first_year - years
    for shift in (-100, 100):
        moments = moments.where(shifts != shift, moments + pd.DateOffset(years=shift))
    return moments
