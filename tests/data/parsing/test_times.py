"""Times are read as pandas wrote them, and lie on the grid that they were made by."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.errors import DataError
from leyden.data.parsing.times import parse_times
from leyden.data.series.time_grid import find_grid

few = settings(deadline=None, max_examples=60)


def column(cells):
    return pd.Series(list(cells), name="date")


def parsed(cells, **options):
    return parse_times(column(cells), key="time", **options)


def refusal(cells, **options):
    with pytest.raises(DataError) as raised:
        find_grid(parsed(cells, **options), key="time")
    return str(raised.value)


STAMPS = pd.date_range("2025-11-28 22:00", periods=40, freq="h")
MAY = pd.date_range("2026-05-13", periods=40, freq="D")


def written(stamps, form):
    return [stamp.strftime(form) for stamp in stamps]


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M"),
        *("%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M", "%Y%m%dT%H%M%S", "%b %d, %Y %I:%M:%S %p"),
        *("%d %b %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %I:%M %p"),
        *("%a, %d %b %Y %H:%M:%S +0000", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S UTC"),
    ],
)
def test_hours_are_read_in_the_usual_forms(form):
    times = parsed(written(STAMPS, form))
    assert times.moments.tolist() == list(STAMPS)
    assert find_grid(times, key="time").step == "1 h"


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["1/2/2026", "13/2/2026"], "2026-02-01"),
        (["1/2/2026", "2/13/2026"], "2026-01-02"),
        (["1.2.2026", "2.2.2026"], "2026-02-01"),
    ],
)
def test_what_is_first_of_day_and_month_is_told_by_a_day_beyond_twelve(cells, first):
    assert parsed(cells).moments[0] == pd.Timestamp(first)


def test_day_and_month_that_can_be_exchanged_are_asked_for():
    said = refusal(["1/2/2026", "3/4/2026"])
    assert "data.time_format='%d/%m/%Y' or '%m/%d/%Y'" in said
    times = parsed(["1/2/2026", "3/4/2026"], time_format="%m/%d/%Y")
    assert times.moments[0] == pd.Timestamp("2026-01-02")


def test_a_clock_change_is_one_hour_like_any_other():
    berlin = pd.date_range("2026-03-28", periods=72, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    times = parsed([str(stamp) for stamp in berlin])
    assert times.moments.tolist() == list(berlin.tz_convert(None))
    assert find_grid(times, key="time").places.tolist() == list(range(72))


FREQUENCIES = ["s", "5min", "h", "6h", "D", "B", "W", "2W", "MS", "ME", "QS", "QE", "YS", "2MS"]


@few
@given(
    freq=st.sampled_from(FREQUENCIES),
    zone=st.sampled_from([None, "UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]),
    keep=st.lists(st.booleans(), min_size=30, max_size=30),
    seed=st.integers(0, 99),
)
def test_rows_find_their_places_on_the_grid_that_they_were_written_by(freq, zone, keep, seed):
    is_clock = freq in ("s", "5min", "h", "6h")
    grid = pd.date_range("2026-01-05", periods=40, freq=freq, tz="UTC" if is_clock else None)
    whole = [*range(8), *(8 + np.flatnonzero(keep)), 38, 39]  # so that the usual step is there
    rows = np.random.default_rng(seed).permutation(whole)
    stamps = grid.tz_convert(zone) if is_clock and zone else grid
    times = parsed([str(stamps[row]) for row in rows])
    assert find_grid(times, key="time").places.tolist() == rows.tolist()


@pytest.mark.parametrize("freq", ["W-SUN", "M", "Q", "Y", "D", "h"])
def test_periods_are_read_as_pandas_writes_them(freq):
    periods = pd.period_range("2026-01-01", periods=12, freq=freq)
    cells = pd.read_csv(pd.io.common.StringIO("date\n" + "\n".join(map(str, periods))))["date"]
    times = parse_times(cells, key="time")
    assert find_grid(times, key="time").places.tolist() == list(range(12))


def test_durations_are_read_as_pandas_writes_them():
    durations = pd.timedelta_range("0s", periods=30, freq="90min")
    times = parsed(map(str, durations))
    assert times.moments.tolist() == list(durations)
    assert find_grid(times, key="time").step == "1.5 h"


def test_iso_weeks_are_seven_days_apart():
    times = parsed(["2026-W01", "2026-W02", "2026-W03"])
    assert times.moments[0] == pd.Timestamp("2025-12-29")
    assert find_grid(times, key="time").step == "7 d"


@pytest.mark.parametrize(
    ("numbers", "places"),
    [
        ([20260130, 20260131, 20260201], [0, 1, 2]),
        ([202511, 202512, 202601], [0, 1, 2]),
        ([1990, 1991, 1993], [0, 1, 3]),
        ([0.0, 0.083, 0.167, 0.25, 0.333, 0.417], [0, 1, 2, 3, 4, 5]),
        ([1.7e9, 1.7e9 + 61, 1.7e9 + 120, 1.7e9 + 300], [0, 1, 2, 5]),
    ],
)
def test_numbers_are_times(numbers, places):
    assert find_grid(parsed(numbers), key="time").places.tolist() == places


def test_a_hundred_years_of_months_in_decimals_do_not_drift():
    numbers = np.round(1900 + np.arange(1200) / 12, 3)
    assert find_grid(parsed(numbers), key="time").places.tolist() == list(range(1200))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["2026-01-01", "soon", "2026-01-03"], "`soon`"),
        (["2026-01-01 10:00 CET", "2026-07-01 10:00 CEST"], "CEST, CET"),
        (["2026-01-01T10:00Z", "2026-01-01T11:00"], "without one (`2026-01-01T11:00`)"),
        (["2026-W00", "2026-W01"], "2026-W00"),
        (["2026-01-01", None], "no time in row 2"),
        (["2026-01-01", "2026-01-01"], "one time only"),
        (
            ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-03 07:00"],
            "no even step: mostly 1 d",
        ),
    ],
)
def test_what_can_not_be_placed_in_time_is_refused(cells, words):
    assert words in refusal(cells)


@pytest.mark.parametrize(
    ("cells", "first", "second"),
    [
        (["Jan-65", "Feb-65", "Dec-74"], "1965-01-01", "1965-02-01"),
        (["12-Mar-45", "13-Mar-45", "01-Jan-72"], "1945-03-12", "1945-03-13"),
        (["Jan-60", "Feb-60", "Dec-79"], "1960-01-01", "1960-02-01"),
        (["Jan-98", "Feb-98", "Mar-04"], "1998-01-01", "1998-02-01"),
        (["Jan-10", "Feb-10", "Mar-24"], "2010-01-01", "2010-02-01"),
        (["2024/05", "2024/06"], "2024-05-01", "2024-06-01"),
        (["2016M08", "2016M09"], "2016-08-01", "2016-09-01"),
        (["2016-M08", "2016-M09"], "2016-08-01", "2016-09-01"),
        (["Q1 1990", "Q2 1990"], "1990-01-01", "1990-04-01"),
        (["1990:Q1", "1990:Q2"], "1990-01-01", "1990-04-01"),
        (["KW 1/2020", "KW 12/2020"], "2019-12-30", "2020-03-16"),
        (["13-Sept-2021", "14-Oct-2021"], "2021-09-13", "2021-10-14"),
        (["1/13/2021 05:24:00 p.m.", "1/13/2021 06:24:00 p.m."], "2021-01-13 17:24:00", None),
        (["2024-01-01 23:00", "2024-01-01 24:00"], "2024-01-01 23:00", "2024-01-02 00:00"),
        (["2024-01-01 23:00:00,5", "2024-01-01 23:00:01,25"], "2024-01-01 23:00:00.5", None),
        ([2024123123, 2025010100], "2024-12-31 23:00", "2025-01-01 00:00"),
        ([202412312359, 202501010000], "2024-12-31 23:59", "2025-01-01 00:00"),
        ([201552, 201553], "2015-12-21", "2015-12-28"),
    ],
)
def test_times_of_the_world_are_what_people_take_them_for(cells, first, second):
    moments = parsed(cells).moments
    assert moments[0] == pd.Timestamp(first)
    assert second is None or moments[1] == pd.Timestamp(second)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([f"Jan-{year:02}" for year in range(0, 100, 10)], "years of two digits"),
        (["58:20", "1:02:30"], "no time that can be told"),
        (["1200/1365", "1300/1400"], "no time that can be told"),
        (["2026-01-11/2026-01-05", "2026-01-18/2026-01-12"], "no time that can be told"),
    ],
)
def test_what_could_be_another_time_or_none_is_refused(cells, words):
    assert words in refusal(cells)


@settings(max_examples=20)  # some tenths of a second each
@given(
    first=st.integers(1901, 2060),
    months=st.lists(st.integers(0, 60 * 12), min_size=2, max_size=20),
)
def test_years_of_two_digits_keep_the_order_of_the_years(first, months):
    dates = [pd.Timestamp(first, 1, 1) + pd.DateOffset(months=month) for month in months]
    moments = parsed([date.strftime("%b-%y") for date in dates]).moments
    whole = pd.Series(dates)
    assert (moments - moments.min()).rank(method="dense").tolist() == whole.rank(
        method="dense"
    ).tolist()
