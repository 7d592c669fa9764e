"""The formats in which people and programs write times."""

import re
from typing import Any

import numpy as np
import pandas as pd

from leyden.data.errors import DataError

DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y")
DATES = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", *DAY_FIRST, *MONTH_FIRST),
    *("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d%b%Y"),
    *("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),
    *("%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%Y-%b", "%m/%Y", "%Y/%m"),
)
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
FORMATS = (
    *(day + clock for day in DATES for clock in CLOCKS),
    *(day + "," + clock for day in DATES for clock in CLOCKS[1:]),
    *("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d %H%M%S"),
    *("%a, %d %b %Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z"),
)
"""Formats that are tried where times are not in ISO 8601."""

WRITTEN_AS_NUMBERS = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H", "%Y%m%d", "%Y%m")

SPELLINGS = (
    (re.compile(r"^(\d{4})-?M(\d{2})$"), r"\1-\2"),  # Eurostat's months
    (re.compile(r"^(\d{4}):?[Qq]([1-4])$"), r"\1Q\2"),
    (re.compile(r"^[Qq]([1-4])[ /:-]?(\d{4})$"), r"\2Q\1"),
    (re.compile(r"^(?:KW|CW|W) ?(\d)[/ -](\d{4})$"), r"\2-W0\1"),
    (re.compile(r"^(?:KW|CW|W) ?(\d{2})[/ -](\d{4})$"), r"\2-W\1"),
    (re.compile(r"(?i)\b([ap])\.\s?m\.?(?=$|\s)"), r"\1m"),
    (re.compile(r"(?i)\bsept\b"), "Sep"),
    (re.compile(r"(?<=\d )(\d{2})\.(\d{2})\.(\d{2})$"), r"\1:\2:\3"),
    (re.compile(r"(:\d{2}),(\d{1,6})(?=$|Z|[+-])"), r"\1.\2"),  # Python's logging
)

PLAIN_ISO = re.compile(r"\d{4}-\d{2}(?:-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?)?$")

END_OF_DAY = re.compile(r"([T ])24(:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?)$")

LAST_YEAR = 2068
"""The last year that POSIX means by two digits."""

LEAST_GAP = 30
"""Years without a date that years of two digits need, for their century to be sure."""

OFFSET = re.compile(r"(?:Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})$")
ZONE_NAME = re.compile(r"\s+([A-Za-z]{3,5})$")
BRACKET = re.compile(r"\[[\w/+-]+\]$")
QUARTER = re.compile(r"^(\d{4})[ -]?Q([1-4])$")
WEEK = re.compile(r"^(\d{4})-?W(\d{2})(?:-?([1-7]))?$")
PERIOD = re.compile(r"^(\d{4}-\d{2}-\d{2}[^/]*)/(\d{4}-\d{2}-\d{2}[^/]*)$")
TIMEDELTA = re.compile(r"^-?(\d+ days?)?,? ?[+-]?(\d+:\d{2}(:\d{2}(\.\d+)?)?)?$")


def normalize_spelling(texts: "pd.Series[Any]") -> "pd.Series[Any]":
    """Times in one spelling, instead of 2016M08, p.m., Sept or seconds with a comma."""
    for pattern, written in SPELLINGS:
        texts = texts.str.replace(pattern, written, regex=True)
    return texts


def to_utc(moments: "pd.Series[Any]") -> "pd.Series[Any]":
    """Dates in UTC, where they have offsets, and to the microsecond."""
    aware = getattr(moments.dtype, "tz", None) is not None
    return (moments.dt.tz_convert(None) if aware else moments).astype("datetime64[us]")


def matching_formats(texts: "pd.Series[Any]") -> "dict[str, pd.Series[Any]]":
    """The times by each known format that fits all cells; of equal results the first."""
    first = texts.iloc[:1]
    found: dict[str, pd.Series[Any]] = {}
    for form in FORMATS:
        if parse_with_format(first, form).isna().any():
            continue
        moments = parse_with_format(texts, form)
        if moments.notna().all() and not any(moments.equals(one) for one in found.values()):
            found[form] = moments
    return found


def resolve_century(
    moments: "pd.Series[Any]", cells: "pd.Series[Any]", key: str
) -> "pd.Series[Any]":
    """Dates with years of two digits, put within the shortest span that has them all.

    POSIX takes 69 to 99 for years after 1968, the others for years after 1999; a birth in 45 would
    come after one in 72.

    Raises:
        DataError: They are spread over so many years that the century is in doubt.
    """
    digits = np.unique(moments.dt.year.to_numpy() % 100)
    gaps = np.diff(np.append(digits, digits[0] + 100))
    if gaps.max() <= LEAST_GAP:
        message = f"column `{cells.name}`: years of two digits, as in `{cells.iloc[0]}`, are in"
        raise DataError(key, f"{message} doubt over so long a time; write them with four")
    first = int(digits[(gaps.argmax() + 1) % len(digits)])
    last = first + 100 - int(gaps.max())
    begin = 2000 + first if 2000 + last <= LAST_YEAR else 1900 + first
    is_earlier = moments.dt.year >= begin + 100
    return moments.where(~is_earlier, moments - pd.DateOffset(years=100))


def parse_with_format(texts: "pd.Series[Any]", form: str) -> "pd.Series[Any]":
    """Texts read by one format; NaT where a text does not fit."""
    utc = "%z" in form
    found = pd.to_datetime(texts, format=form, errors="coerce", utc=utc)
    return to_utc(found)
