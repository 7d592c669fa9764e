"""Which columns say the time, and what is said where rows are in another order."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from leyden.data import DataError
from leyden.data.series.csv_series import CSVSeries

HOURS = 240
TIMES = [datetime(2006, 12, 16) + timedelta(hours=hour) for hour in range(HOURS)]
VALUES = np.sin(2 * np.pi * np.arange(HOURS) / 24).round(4) + np.arange(HOURS) / 50


def write(rows=range(HOURS), **columns):
    rows, columns = list(rows), {"y": VALUES} | columns
    frame = pd.DataFrame({name: [cells[row] for row in rows] for name, cells in columns.items()})
    frame.to_csv("series.csv", index=False)


def make(**options):
    defaults = {"batch_size": 4, "lags": 6, "target": "y"}
    return CSVSeries(path="series.csv", **(defaults | options))


def refusal(**options):
    with pytest.raises(DataError) as raised:
        make(**options).load()
    return str(raised.value)


def values(**options):
    data = make(**options)
    return data.splits.train.values[:, 0] * data.spec.target_std + data.spec.target_mean


COLUMNS = {
    "a date and a clock": {
        "Date": [time.strftime("%d/%m/%Y") for time in TIMES],
        "Time": [time.strftime("%H:%M:%S") for time in TIMES],
    },
    "a clock with points": {
        "Date": [time.strftime("%d/%m/%Y") for time in TIMES],
        "Time": [time.strftime("%H.%M.%S") for time in TIMES],
    },
    "year to hour": {
        part: [getattr(time, part) for time in TIMES] for part in ("year", "month", "day", "hour")
    },
    "hours from 1 to 24": {
        "yr": [(time - timedelta(hours=1)).year for time in TIMES[1:]] + [2006],
        "mo": [(time - timedelta(hours=1)).month for time in TIMES[1:]] + [12],
        "dd": [(time - timedelta(hours=1)).day for time in TIMES[1:]] + [25],
        "hr": [(time - timedelta(hours=1)).hour + 1 for time in TIMES[1:]] + [24],
    },
    "days of the year": {
        "year": [time.year for time in TIMES],
        "doy": [time.timetuple().tm_yday for time in TIMES],
        "hour": [time.hour for time in TIMES],
    },
}


@pytest.mark.parametrize("name", COLUMNS)
def test_several_columns_say_the_time_together(name):
    rows = np.random.default_rng(0).permutation(HOURS)
    write(rows, **COLUMNS[name])
    assert np.allclose(values(time=tuple(COLUMNS[name])), VALUES, atol=1e-4)


@pytest.mark.parametrize("name", COLUMNS)
def test_one_of_several_columns_names_the_others(name):
    write(**COLUMNS[name])
    columns = ",".join(COLUMNS[name])
    assert f"'data.time=[{columns}]'" in refusal(time=next(iter(COLUMNS[name])))


def test_rows_in_the_order_of_a_date_that_comes_again_are_in_order():
    write(**COLUMNS["a date and a clock"])
    (warning,) = make().report.warnings
    assert "times of column Date come again; 'data.time=[Date,Time]' places them" in warning


FALLING = {
    "day or month first": [f"{1 + row % 12:02}/01/{2000 + row // 12}" for row in range(HOURS)],
    "Eurostat's": [f"{2000 + row // 12}M{1 + row % 12:02}" for row in range(HOURS)],
    "quarters": [f"Q{1 + row % 4} {1950 + row // 4}" for row in range(HOURS)],
    "two digits": [pd.Timestamp(1955 + row // 12, 1 + row % 12, 1) for row in range(HOURS)],
}
FALLING["two digits"] = [time.strftime("%b-%y") for time in FALLING["two digits"]]


@pytest.mark.parametrize("name", FALLING)
def test_newest_first_is_found_in_any_form(name):
    write(reversed(range(HOURS)), when=FALLING[name])
    assert "rows are not in the order of column `when`; type data.time=when" in refusal()
    write(when=FALLING[name])
    assert len(make().splits.train) == 168 - 6


def test_times_of_an_unknown_form_are_warned_of():
    months = ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"]
    write(when=[f"{months[row % 8]} {1950 + row // 8}" for row in range(HOURS)])
    (warning,) = make().report.warnings
    assert "may hold times, such as `janvier 1950`" in warning


def test_numbers_that_fall_from_row_to_row_are_warned_of():
    write(stamp=[1_700_000_000 - 3600 * row for row in range(HOURS)])
    (warning,) = make().report.warnings
    assert "if it is the time, type data.time=stamp" in warning


def test_the_hour_that_comes_twice_is_told_apart_by_the_zone():
    utc = pd.date_range("2026-10-20", periods=HOURS, freq="h", tz="UTC")
    local = utc.tz_convert("Europe/Berlin").tz_localize(None)
    write(t=[str(time) for time in local])
    assert "data.time_zone=Europe/Berlin" in refusal(time="t")
    assert np.allclose(values(time="t", time_zone="Europe/Berlin"), VALUES, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"time_zone": "Berlin", "time": "t"}, "is no time zone"),
        ({"time_zone": "Europe/Berlin"}, "for the column that data.time names"),
        ({"time": ("t", "x")}, "`0 0` is no date"),
    ],
    ids=str,
)
def test_what_can_not_be_meant_is_refused(options, words):
    write(t=range(HOURS), x=range(HOURS))
    if "time" in options and options["time"] == "t":
        write(t=[str(time) for time in TIMES])
    assert words in refusal(**options)


def test_a_series_without_values_is_left_out_with_a_word():
    write(
        y=[*VALUES[:120], *([None] * 119), 3.0],
        shop=["a"] * 120 + ["b"] * 119 + ["c"],
        t=[*TIMES[:120], *TIMES[:120]],
    )
    report = make(by="shop", time="t").report
    assert report.rows_left_out == {
        "series b: less than two values": 119,
        "series c: less than two values": 1,
    }


def test_the_first_and_the_last_time_are_said():
    write(t=[str(time) for time in TIMES])
    assert (
        make(time="t").report.source["times"] == "dates: 2006-12-16 00:00:00 to 2006-12-25 23:00:00"
    )
