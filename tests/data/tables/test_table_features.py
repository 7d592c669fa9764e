"""What becomes of the columns of a table: compared with numbers made by hand and by pandas."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leyden.data import DataError
from leyden.data.splitting import draw_rows
from leyden.data.tables.csv_table import CSVTable

N = 60
RNG = np.random.default_rng(11)
Y = RNG.normal(size=N).round(4).tolist()
TRAIN, VAL, TEST = (rows.tolist() for rows in draw_rows(N, (42, 9, 9)))
NUMBERS = RNG.normal(5, 2, N).round(3).tolist()


def table(**columns):
    with Path("t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def make(**options):
    return CSVTable(path="t.csv", target="y", batch_size=4, **options).splits


def features(**options):
    """Of all rows, in the order of the file."""
    parts = make(**options)
    found = np.zeros((N, parts.spec.input_shape[0]))
    for rows, (_, part) in zip((TRAIN, VAL, TEST), parts, strict=True):
        found[rows] = part.features.numpy()
    return found


def scaled(numbers):
    seen = np.asarray(numbers, dtype=float)[TRAIN]
    return (np.asarray(numbers, dtype=float) - seen.mean()) / seen.std(ddof=1)


HOLES = {TRAIN[0], TRAIN[1], VAL[0], TEST[0]}
WITH_HOLES = ["?" if row in HOLES else number for row, number in enumerate(NUMBERS)]
SEEN = [NUMBERS[row] for row in TRAIN if row not in HOLES]
FILLED = {"median": float(np.median(SEEN)), "mean": float(np.mean(SEEN)), "zero": 0.0}


@pytest.mark.parametrize("impute", FILLED)
def test_a_missing_number_becomes_what_the_user_says(impute):
    table(x=WITH_HOLES, y=Y)
    numbers = [FILLED[impute] if row in HOLES else one for row, one in enumerate(NUMBERS)]
    assert features(impute=impute)[:, 0] == pytest.approx(scaled(numbers), abs=1e-6)


def test_missing_numbers_may_be_refused():
    table(x=WITH_HOLES, y=Y)
    with pytest.raises(DataError, match=r"column `x` has 4 missing cells \(`\?`\)") as raised:
        make(impute="refuse")
    assert raised.value.key == "impute"


def test_a_feature_may_say_where_a_number_is_missing():
    table(x=WITH_HOLES, z=NUMBERS, y=Y)
    found = features(missing_indicator=True)
    assert found.shape == (N, 3)
    assert found[:, 1].tolist() == [float(row in HOLES) for row in range(N)]


def test_numbers_may_be_names():
    codes = RNG.choice([10115, 80331, 20095], N).tolist()
    table(zip=codes, x=NUMBERS, y=Y)
    found = features(categories=("zip",))
    known = sorted(map(str, set(codes)))
    assert found[:, :3].tolist() == [[float(str(code) == one) for one in known] for code in codes]


def test_categories_are_columns_of_the_table():
    table(x=NUMBERS, y=Y)
    with pytest.raises(DataError, match="no column `z`") as raised:
        make(categories=("z",))
    assert raised.value.key == "categories"


def test_odd_cells_are_categories_where_the_user_says_so():
    cells = ["3+" if row % 7 == 0 else str(row % 3) for row in range(N)]
    table(dependents=cells, x=NUMBERS, y=Y)
    with pytest.raises(DataError, match=r"data.categories=\[dependents\]") as raised:
        make()
    assert raised.value.key == "path"
    found = features(categories=("dependents",))
    assert found[:, :4].tolist() == [
        [float(cell == one) for one in ("0", "1", "2", "3+")] for cell in cells
    ]


def test_a_value_that_is_in_no_training_row_is_in_no_category_and_said():
    cells = ["new" if row in (VAL[0], TEST[0]) else "uv"[row % 2] for row in range(N)]
    table(x=cells, y=Y)
    assert features()[VAL[0]].tolist() == [0, 0]
    notes = make().report.notes
    assert any("2 rows to validate or test" in note and "`new`" in note for note in notes)


MOMENTS = [datetime(2026, 3, 1) + timedelta(minutes=int(one)) for one in RNG.integers(0, 10**5, N)]


def test_dates_become_a_number_and_places_in_the_day_the_week_and_the_year():
    table(when=MOMENTS, y=Y)
    found = features()
    times = pd.Series(MOMENTS).dt
    hours = times.hour + times.minute / 60
    expected = [scaled([moment.timestamp() for moment in MOMENTS])]
    for place, length in ((hours, 24), (times.day_of_week, 7), (times.day_of_year, 365.25)):
        expected += [np.sin(2 * np.pi * place / length), np.cos(2 * np.pi * place / length)]
    assert found == pytest.approx(np.stack(expected, axis=1), abs=1e-5)
    assert make().report.column("when").made == "scaled, hour, day of week, day of year"


def test_what_does_not_vary_in_dates_is_no_feature():
    table(day=[moment.date().replace(day=1) for moment in MOMENTS], x=NUMBERS, y=Y)
    assert "hour" not in make().report.column("day").made


def test_a_missing_time_is_the_median_and_in_no_place():
    cells = ["" if row in HOLES else moment for row, moment in enumerate(MOMENTS)]
    table(when=cells, y=Y)
    found = features()
    assert np.isfinite(found).all()
    assert found[sorted(HOLES), 1:].tolist() == np.zeros((4, 6)).tolist()


def test_times_that_could_be_two_are_left_out_unless_the_user_says_their_form():
    days = [datetime(2026, 1 + row % 12, 1 + row % 11).strftime("%d/%m/%Y") for row in range(N)]
    table(day=days, x=NUMBERS, y=Y)
    column = make().report.column("day")
    assert column.role == "left out"
    assert "can be read in" in column.reason
    assert make(time_format="%d/%m/%Y").report.column("day").role == "feature"
    with pytest.raises(DataError, match="fits no column") as raised:
        make(time_format="%Y")
    assert raised.value.key == "time_format"


@pytest.mark.parametrize(
    ("scale", "offset"),
    [(1e-300, 0.0), (1e-30, 0.0), (1.0, 1.7e9), (1e30, 0.0), (1e300, 0.0)],
)
def test_values_of_any_size_are_scaled_as_those_of_usual_size(scale, offset):
    table(x=[scale * one + offset for one in NUMBERS], y=Y)
    assert features()[:, 0] == pytest.approx(scaled(NUMBERS), abs=1e-5)


def test_a_column_that_does_not_vary_is_0_at_any_size():
    for number in (1e-300, 0.1, 1.7e9, 1e300):
        table(x=[number] * N, z=NUMBERS, y=Y)
        assert features()[:, 0].tolist() == [0] * N


DAYS = [datetime(2024, 1, 1) + timedelta(days=int(day)) for day in RNG.permutation(400)[:N]]
DAYS_WITH_HOLES = ["" if row in HOLES else f"{day:%Y-%m-%d}" for row, day in enumerate(DAYS)]
SEEN_DAYS = [(DAYS[row] - datetime(1970, 1, 1)).days for row in TRAIN if row not in HOLES]


@pytest.mark.parametrize(
    ("impute", "day"),
    [
        ("median", np.median(SEEN_DAYS)),
        ("mean", np.mean(SEEN_DAYS)),
        ("zero", np.median(SEEN_DAYS)),  # a date has no zero
    ],
)
def test_a_missing_date_becomes_what_the_user_says(impute, day):
    table(d=DAYS_WITH_HOLES, y=Y)
    days = [
        day if row in HOLES else (one - datetime(1970, 1, 1)).days for row, one in enumerate(DAYS)
    ]
    assert features(impute=impute)[:, 0] == pytest.approx(scaled(days), abs=1e-5)
    filled = make(impute=impute).report.column("d").filled
    assert filled.startswith("their mean" if impute == "mean" else "their median")
    assert ("a date has no zero" in filled) == (impute == "zero")


def test_missing_dates_may_be_refused_or_be_said_in_a_feature():
    table(d=DAYS_WITH_HOLES, y=Y)
    with pytest.raises(DataError, match="column `d` has 4 missing cells") as raised:
        make(impute="refuse")
    assert raised.value.key == "impute"
    parts = make(missing_indicator=True)
    assert parts.spec.feature_names[-1] == "d is missing"
    where = features(missing_indicator=True)[:, -1]
    assert set(np.flatnonzero(where)) == HOLES


def test_a_missing_duration_may_be_zero():
    hours = [f"{row % 7 + 1}:{row:02d}:00" for row in range(N)]
    table(d=["" if row in HOLES else one for row, one in enumerate(hours)], y=Y)
    seconds = [0 if row in HOLES else 3600 * (row % 7 + 1) + 60 * row for row in range(N)]
    assert features(impute="zero")[:, 0] == pytest.approx(scaled(seconds), abs=1e-6)


@pytest.mark.parametrize(
    "names",
    [
        *(["1.2.3", "1.3.0", "2.0.1"], ["555-12-3456", "111-22-3333"], ["10.1.12.3", "10.2.3.4"]),
        *(["12-34-5678", "22-33-1234"], ["99.99.12", "10.11.12"], ["2019-20", "2020-21"]),
    ],
    ids=str,
)
def test_names_of_numbers_with_signs_between_are_categories(names):
    table(name=[names[row % len(names)] for row in range(N)], y=Y)
    assert make().report.column("name").made == f"{len(names)} categories"


def test_short_dates_that_may_be_versions_are_left_out_unless_the_user_says_what_they_are():
    versions = [("10.1.12", "10.2.03", "9.3.10")[row % 3] for row in range(N)]
    table(version=versions, x=NUMBERS, y=Y)
    reason = make().report.column("version").reason
    assert "`10.1.12` (line 2) may be a date or a version" in reason
    assert "data.time_format='%d.%m.%y'" in reason
    assert '"data.categories=[version]"' in reason
    assert make(time_format="%d.%m.%y").report.column("version").made.startswith("scaled")
    assert make(categories=("version",)).report.column("version").made == "3 categories"
    table(day=[f"{one:%d.%m.%y}" for one in DAYS], x=NUMBERS, y=Y)
    assert make().report.column("day").role == "feature"


@pytest.mark.parametrize("odd", ["unknown", "2024-02-31", "2024-13-01", "n/k"])
def test_a_date_that_is_none_leaves_the_column_out_with_what_to_type(odd):
    table(d=[odd, *(f"{day:%Y-%m-%d}" for day in DAYS[1:])], x=NUMBERS, y=Y)
    reason = make().report.column("d").reason
    word = odd if odd.isalnum() else f"'{odd}'"
    assert reason.startswith(f"holds times: `{odd}` (line 2) is no time")
    assert f'"data.missing=[{word}]"' in reason
    parts = make(missing=(odd,))
    assert parts.report.column("d").missing == {odd: 1}
    assert parts.report.column("d").role == "feature"


@pytest.mark.parametrize("zero", ["0000-00-00", "0000-00-00 00:00:00"])
def test_the_zero_date_of_mysql_is_missing(zero):
    table(d=[zero if row in HOLES else f"{one:%Y-%m-%d}" for row, one in enumerate(DAYS)], y=Y)
    assert make().report.column("d").missing == {zero: 4}


def test_a_date_that_stands_for_none_is_said():
    cells = ["9999-12-31" if row in HOLES else f"{one:%Y-%m-%d}" for row, one in enumerate(DAYS)]
    table(d=cells, y=Y)
    warning = next(one for one in make().report.warnings if "9999-12-31" in one)
    assert "stands in 4 cells" in warning
    assert "\"data.missing=['9999-12-31']\"" in warning
    assert not make(missing=("9999-12-31",)).report.warnings


@pytest.mark.parametrize(("form", "word"), [("%Y%m%d", "days"), ("%Y%m", "months")])
def test_days_and_months_that_are_written_as_numbers_are_dates(form, word):
    days = [datetime(2020 + row % 4, 1 + row // 4 % 12, 1 + row * 5 % 28) for row in range(N)]
    days = days if word == "days" else [day.replace(day=1) for day in days]
    table(d=[day.strftime(form) for day in days], x=NUMBERS, y=Y)
    report = make().report
    assert report.column("d").kind == "times"
    number = days[0].strftime(form)
    said = f"column d: numbers like {number} are taken for dates by {form}"
    assert any(one.startswith(said) for one in report.warnings)
    seconds = [(day - datetime(1970, 1, 1)).total_seconds() for day in days]
    assert features()[:, 0] == pytest.approx(scaled(seconds), abs=1e-5)
    assert make(categories=("d",), max_categories=60).report.column("d").kind == "categories"


def test_whole_numbers_of_which_one_is_no_day_are_numbers():
    table(d=[20200101 + row * 31 for row in range(N)], x=NUMBERS, y=Y)
    assert make().report.column("d").kind == "numbers"


def test_flags_in_any_case_are_two_categories():
    table(f=[("True", "TRUE", "true", "False", "false")[row % 5] for row in range(N)], y=Y)
    assert make().spec.feature_names == ("f=False", "f=True")


def test_categories_that_differ_in_their_case_only_are_said():
    table(f=[("Male", "male", "MALE", "female")[row % 4] for row in range(N)], y=Y)
    report = make().report
    assert "column f: `MALE` and `Male` and `male` differ in their case only" in report.warnings


def test_a_negative_number_that_comes_often_and_stands_apart_is_said():
    air = [-200 if row % 4 == 0 else 650 + 17 * row % 1400 for row in range(N)]
    table(co=air, y=Y)
    warnings = make().report.warnings
    assert any(
        "-200 stands in 15 cells" in one and "data.missing=[-200]" in one for one in warnings
    )
    assert make(missing=(-200,)).report.column("co").num_missing == 15


@pytest.mark.parametrize(
    "cells",
    [
        [max(-2.0, one) for one in RNG.normal(size=N)],
        [row % 7 - 1 for row in range(N)],
        [-5 if row % 4 == 0 else row % 5 for row in range(N)],
    ],
    ids=["cut off", "small numbers", "few values"],
)
def test_numbers_below_zero_that_do_not_stand_apart_are_not_said(cells):
    table(x=cells, y=Y)
    assert not any("far from all" in one for one in make().report.warnings)
