"""Forms in which people and programs write times."""

import re

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
"""Forms that are tried where times are not as ISO 8601 has them."""

WRITTEN_AS_NUMBERS = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H", "%Y%m%d", "%Y%m")

REWRITTEN = (
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
"""Of two digits, as POSIX has it."""

LEAST_GAP = 30
"""Years without a date that years of two digits need, for their century to be sure."""

OFFSET = re.compile(r"(?:Z|z|[+-]\d{2}:?\d{2}|[+-]\d{2})$")
ZONE_NAME = re.compile(r"\s+([A-Za-z]{3,5})$")
BRACKET = re.compile(r"\[[\w/+-]+\]$")
QUARTER = re.compile(r"^(\d{4})[ -]?Q([1-4])$")
WEEK = re.compile(r"^(\d{4})-?W(\d{2})(?:-?([1-7]))?$")
PERIOD = re.compile(r"^(\d{4}-\d{2}-\d{2}[^/]*)/(\d{4}-\d{2}-\d{2}[^/]*)$")
TIMEDELTA = re.compile(r"^-?(\d+ days?)?,? ?[+-]?(\d+:\d{2}(:\d{2}(\.\d+)?)?)?$")
