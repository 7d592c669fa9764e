"""Times in files, parsed without a guess."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leyden.data.errors import DataError, format_cell
from leyden.data.parsing.time_formats import (
    BRACKET,
    END_OF_DAY,
    OFFSET,
    PERIOD,
    PLAIN_ISO,
    QUARTER,
    TIMEDELTA,
    WEEK,
    WRITTEN_AS_NUMBERS,
    ZONE_NAME,
    matching_formats,
    normalize_spelling,
    parse_with_format,
    resolve_century,
    to_utc,
)

BY_FORMAT = "dates by "
"""Begins the form of times that were read by a format, which follows."""


@dataclass(frozen=True)
class Times:
    """The times of the rows of a table.

    Attributes:
        moments: Time of each row, in the order of the file: datetime64[us], in UTC where offsets
            were given; timedelta64[us]; or numbers.
        form: Format that the cells were read by, in words.
        cells: Cells, as in the file, for messages.
    """

    moments: "pd.Series[Any]"
    form: str
    cells: "pd.Series[Any]"

    @property
    def is_date(self) -> bool:
        """Whether they are dates; otherwise they are durations or plain numbers."""
        return pd.api.types.is_datetime64_any_dtype(self.moments)

    @property
    def keys(self) -> NDArray[Any]:
        """Numbers in the order of the times: microseconds, or the numbers themselves."""
        if pd.api.types.is_numeric_dtype(self.moments):
            return self.moments.to_numpy()
        return self.moments.astype("int64").to_numpy()

    def only(self, rows: NDArray[np.intp]) -> "Times":
        """The times of some rows."""
        return Times(self.moments.iloc[rows], self.form, self.cells.iloc[rows])

    def order(self) -> NDArray[np.intp]:
        """Rows by time; those of one time in the order of the file."""
        return np.argsort(self.keys, kind="stable")


def parse_times(cells: "pd.Series[Any]", *, key: str, time_format: str | None = None) -> Times:
    """The times of a column, all or none.

    Dates as ISO 8601 has them, with or without offsets, periods and durations as pandas writes
    them, ISO weeks, and the usual forms with names of months or other signs are read. A form that
    can be read in two ways is not.

    Args:
        cells: Cells of the column: text, numbers, or times already.
        key: The parameter that named the column.
        time_format: Format, as for `datetime.strptime`; None: it is inferred.

    Raises:
        DataError: A cell is no time, or it is not clear which.
    """
    name = cells.name
    if cells.isna().any():
        row = int(cells.isna().to_numpy().argmax())
        raise DataError(key, f"column `{name}` has no time in row {row + 1} of {len(cells):,}")
    if pd.api.types.is_datetime64_any_dtype(cells):
        return Times(to_utc(cells), "dates", cells)
    if pd.api.types.is_timedelta64_dtype(cells):
        return Times(cells.astype("timedelta64[us]"), "durations", cells)
    if time_format is not None:
        return _by_format(cells, key, time_format)
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        return _numbers(cells)
    found = parse_without_format(cells)
    if found is not None:
        return found
    return _by_known_formats(cells, normalize_spelling(cells.astype(str).str.strip()), key)


def parse_without_format(cells: "pd.Series[Any]") -> Times | None:
    """Text in ISO 8601, periods, quarters, weeks or durations; None where a cell is otherwise."""
    texts = cells.astype(str).str.strip()
    found = _iso(texts)  # first, since most are such, and a million of them soon told
    if found is None:
        texts = normalize_spelling(texts)
        parsers = (_iso, _periods, _quarters, _weeks, _durations)
        found = next((one for parse in parsers if (one := parse(texts)) is not None), None)
    return None if found is None else Times(found[0], found[1], cells)


def possible_times(cells: "pd.Series[Any]") -> list[Times]:
    """All readings of a column of text as times: none, one, or several where it is ambiguous."""
    try:
        return [parse_times(cells, key="time")]
    except DataError:
        return [
            Times(moments, BY_FORMAT + form, cells)
            for form, moments in matching_formats(
                normalize_spelling(cells.astype(str).str.strip())
            ).items()
        ]


def _numbers(cells: "pd.Series[Any]") -> Times:
    """Numbers are times by themselves; 20260131, 202601 and 2026013123 are written dates."""
    for form in WRITTEN_AS_NUMBERS:
        digits = len(pd.Timestamp(2000, 1, 1).strftime(form))
        low, high = 1900 * 10 ** (digits - 4), 2100 * 10 ** (digits - 4)
        if not ((cells % 1 == 0) & (cells > low) & (cells < high)).all():
            continue
        texts = cells.astype("int64").astype(str)
        moments = pd.to_datetime(texts, format=form, errors="coerce")
        if moments.notna().all():
            return Times(to_utc(moments), BY_FORMAT + form, cells)
        weeks = _weeks(texts.str[:4] + "-W" + texts.str[4:]) if digits == 6 else None
        if weeks is not None:
            return Times(weeks[0], weeks[1], cells)
    return Times(cells.astype("float64"), "numbers", cells)


def _iso(texts: "pd.Series[Any]") -> "tuple[pd.Series[Any], str] | None":
    bare, zones = texts, texts.iloc[:0]
    if not texts.str.match(PLAIN_ISO).all():
        bare = texts.str.replace(BRACKET, "", regex=True)
        zones = bare.str.extract(ZONE_NAME)[0]
    is_named = len(zones) > 0 and bool(zones.notna().all()) and zones.nunique() == 1
    if is_named:  # a name that all have shifts them all alike; which it is changes nothing
        bare = bare.str.replace(ZONE_NAME, "", regex=True)
    has_clock = bare.str.contains(":", regex=False)
    has_offset = bare.str.contains(OFFSET) & has_clock
    if has_offset.any() and not has_offset.all():
        return None
    # pandas takes `5` and `2026` for dates of its own making.
    if not bare.str.match(r"^\d{4}-\d{2}|^\d{8}T").all():
        return None
    # Midnight at the end of a day, as logs of energy have it.
    is_end = bare.str.contains("24:00", regex=False) & (bare.str.count(END_OF_DAY.pattern) > 0)
    if is_end.any():
        bare = bare.str.replace(END_OF_DAY, r"\g<1>00\g<2>", regex=True)
    moments = pd.to_datetime(bare, format="ISO8601", errors="coerce", utc=True)
    if moments.isna().any():
        return None
    if is_end.any():
        moments = moments.where(~is_end, moments + pd.Timedelta(days=1))
    words = "dates"
    if has_offset.all():
        words = "dates with offsets, taken to UTC"
    elif is_named:
        words = f"dates, all in {zones.iloc[0]}"
    return to_utc(moments), words


def _periods(texts: "pd.Series[Any]") -> "tuple[pd.Series[Any], str] | None":
    """2026-01-05/2026-01-11, as pandas writes weeks; their first day counts."""
    parts = texts.str.extract(PERIOD)
    if parts.isna().any(axis=None):
        return None
    first, last = (pd.to_datetime(parts[n], format="ISO8601", errors="coerce") for n in (0, 1))
    if first.isna().any() or not (first <= last).all():
        return None
    return to_utc(first), "periods, by their first day"


def _quarters(texts: "pd.Series[Any]") -> "tuple[pd.Series[Any], str] | None":
    parts = texts.str.extract(QUARTER)
    if parts.isna().any(axis=None):
        return None
    month = 3 * parts[1].astype(int) - 2
    first = pd.to_datetime(parts[0] + "-" + month.astype(str).str.zfill(2), format="%Y-%m")
    return to_utc(first), "quarters"


def _weeks(texts: "pd.Series[Any]") -> "tuple[pd.Series[Any], str] | None":
    parts = texts.str.extract(WEEK)
    if parts[[0, 1]].isna().any(axis=None):
        return None
    days = parts[2].fillna("1")
    try:
        mondays = [
            date.fromisocalendar(int(year), int(week), int(day))
            for year, week, day in zip(parts[0], parts[1], days, strict=True)
        ]
    except ValueError:  # week 00 or 54: it is another calendar's
        return None
    return to_utc(pd.Series(pd.to_datetime(mondays), index=texts.index)), "ISO weeks"


def _durations(texts: "pd.Series[Any]") -> "tuple[pd.Series[Any], str] | None":
    if not texts.str.match(TIMEDELTA).all():
        return None
    colons = texts.str.count(":")
    if (colons == 1).any() and not (colons == 1).all():
        return None  # 58:20 beside 1:02:30 is minutes; alone it is hours
    whole = texts.where(colons != 1, texts + ":00")
    found = pd.to_timedelta(whole, errors="coerce")
    return None if found.isna().any() else (found.astype("timedelta64[us]"), "durations")


def _by_format(cells: "pd.Series[Any]", key: str, time_format: str) -> Times:
    as_text = _as_text(cells)
    moments = parse_with_format(as_text, time_format)
    if moments.isna().any():
        wrong = as_text[moments.isna()].iloc[0]
        raise DataError("time_format", f"does not fit `{wrong}` of column `{cells.name}`")
    return Times(moments, BY_FORMAT + time_format, cells)


def _by_known_formats(cells: "pd.Series[Any]", texts: "pd.Series[Any]", key: str) -> Times:
    """The times by the one format that fits all cells, or by several that agree."""
    found = matching_formats(texts)
    forms = list(found)
    if len(forms) > 1:
        message = (
            f"column `{cells.name}`: `{texts.iloc[0]}` can be read in {len(forms)} ways; type"
            f" data.time_format='{forms[0]}' or '{forms[1]}'"
        )
        raise DataError(key, message)
    if forms:
        moments, form = found[forms[0]], BY_FORMAT + forms[0]
        return Times(resolve_century(moments, cells, key) if "%y" in form else moments, form, cells)
    raise DataError(key, _describe_misfit(cells, texts))


def _describe_misfit(cells: "pd.Series[Any]", texts: "pd.Series[Any]") -> str:
    """Which cell is no time, and why."""
    zones = texts.str.extract(ZONE_NAME)[0]
    name = cells.name
    if zones.nunique() > 1 and texts.str.contains(r"\d:\d").all():
        names = ", ".join(sorted(zones.dropna().unique())[:3])
        return f"column `{name}` names time zones ({names}); write offsets such as +01:00 instead"
    has_offset = texts.str.contains(OFFSET) & texts.str.contains(":", regex=False)
    if has_offset.any() and not has_offset.all():
        return (
            f"column `{name}` has times with an offset (`{texts[has_offset].iloc[0]}`) and without"
            f" one (`{texts[~has_offset].iloc[0]}`)"
        )
    alone = texts[[_is_lone_misfit(text) for text in texts]]
    wrong = texts.iloc[0] if alone.empty else alone.iloc[0]
    return (
        f"column `{name}` holds `{wrong}`, which is no time that can be told;"
        " data.time_format='%d/%m/%Y' says how times are written"
    )


def _is_lone_misfit(text: str) -> bool:
    return re.search(r"\d", text) is None


def _as_text(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    """Cells as they are written: whole numbers without a point."""
    if pd.api.types.is_numeric_dtype(cells) and (cells % 1 == 0).all():
        return cells.astype("int64").astype(str)
    return cells.astype(str).str.strip()


def time_range(times: Times) -> str:
    """The first and the last of some times, as they were read."""
    first, last = times.moments.min(), times.moments.max()
    if times.is_date:
        pattern = "%Y-%m-%d" if (times.moments == times.moments.dt.normalize()).all() else ""
        return f"{first:{pattern}} to {last:{pattern}}" if pattern else f"{first} to {last}"
    return f"{format_cell(first)} to {format_cell(last)}"
