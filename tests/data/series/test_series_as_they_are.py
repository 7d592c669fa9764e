"""Series with holes, repeated times and missing values, as loggers write them."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import BatchIndices, DataError
from leyden.data.series.csv_series import CSVSeries

START = datetime(2026, 1, 1)
HOURS = 300
TIMES = [START + timedelta(hours=hour) for hour in range(HOURS)]
VALUES = np.sin(2 * np.pi * np.arange(HOURS) / 24).round(5) + np.arange(HOURS) / 50


def write(frame, path="series.csv"):
    pd.DataFrame(frame).to_csv(path, index=False)


def hourly(rows=range(HOURS), **more):
    rows = list(rows)
    columns = {name: [column[row] for row in rows] for name, column in more.items()}
    write({"date": [TIMES[row] for row in rows], "y": [VALUES[row] for row in rows]} | columns)


def make(**options):
    defaults = {"batch_size": 4, "lags": 6, "time": "date", "target": "y"}
    return CSVSeries(path="series.csv", **(defaults | options))


def refusal(**options):
    with pytest.raises(DataError) as raised:
        make(**options).load()
    return str(raised.value)


def in_own_unit(data, part):
    """Past and future of all windows of a part."""
    samples, spec = getattr(data.splits, part), data.spec
    past, future = samples[BatchIndices(0, torch.arange(len(samples)))]
    return [
        window.double().numpy() * spec.target_std + spec.target_mean
        for window in (past[..., 0], future)
    ]


def test_a_hole_is_refused_with_what_to_type():
    hourly([*range(100), *range(130, HOURS)])
    said = refusal()
    assert "30 of 300 times are missing, the first after 2026-01-05 03:00:00" in said
    assert "step of 1 h" in said
    assert "data.gaps=fill" in said
    assert "data.gaps=keep" in said


@pytest.mark.parametrize("gaps", ["keep", "fill"])
@pytest.mark.parametrize("horizon", [1, 3])
def test_what_is_predicted_is_in_the_file_at_its_time(gaps, horizon):
    rows = [row for row in range(HOURS) if row % 17 and not 100 <= row < 130]
    hourly(rows)
    known = set(np.float32(VALUES[rows]).tolist())
    data = make(gaps=gaps, horizon=horizon)
    for part in ("train", "val", "test"):
        future = in_own_unit(data, part)[1]
        nearest = np.abs(future[..., None] - np.array(sorted(known))).min(axis=-1)
        assert nearest.max() < 1e-5


def test_a_window_has_no_hole_in_it_where_gaps_are_kept():
    hourly([*range(100), *range(130, HOURS)])
    past, future = in_own_unit(make(gaps="keep"), "train")
    whole = np.concatenate([past, future], axis=1)
    starts = [int(np.abs(VALUES - window[0]).argmin()) for window in whole]
    for start, window in zip(starts, whole, strict=True):
        np.testing.assert_allclose(window, VALUES[start : start + 7], atol=1e-5)
        assert not set(range(start, start + 7)) & set(range(100, 130))


def test_a_hole_that_is_filled_shows_the_last_value_before_it():
    hourly([*range(100), *range(110, HOURS)])
    data = make(gaps="fill")
    grid = data.splits.train.values[:, 0] * data.spec.target_std + data.spec.target_mean
    expected = [*VALUES[:100], *[VALUES[99]] * 10, *VALUES[110:]]
    np.testing.assert_allclose(grid, expected, atol=1e-5)


def test_repeated_times_are_refused_and_taken_apart_by_a_column():
    frame = {
        "date": [*TIMES, *TIMES],
        "y": [*VALUES, *(VALUES + 100)],
        "shop": ["a"] * HOURS + ["b"] * HOURS,
    }
    write(frame)
    assert "300 of 600 times come again, the first is 2026-01-01 00:00:00" in refusal()
    assert "data.by=COLUMN" in refusal()
    data = make(by="shop")
    for part in ("train", "val", "test"):
        for past, future in zip(*in_own_unit(data, part), strict=True):
            assert (past > 90).all() == (future > 90).all()
    assert [len(part) for _, part in data.splits] == [2 * (210 - 6), 2 * 45, 2 * 45]


def test_several_series_in_any_order_of_rows_are_the_same_parts():
    frame = pd.DataFrame(
        {
            "date": [*TIMES, *TIMES],
            "y": [*VALUES, *(VALUES + 100)],
            "shop": ["a"] * HOURS + ["b"] * HOURS,
        }
    )
    write(frame)
    first = make(by="shop").splits
    write(frame.sort_values(["date", "shop"]))
    second = make(by="shop").splits
    for (_, one), (_, other) in zip(first, second, strict=True):
        assert torch.equal(one.values, other.values)
        assert torch.equal(one.firsts, other.firsts)


def test_rows_that_are_not_in_the_order_of_their_times_ask_for_the_column():
    hourly(reversed(range(HOURS)))
    assert "rows are not in the order of column `date`; type data.time=date" in refusal(time=None)


def test_newest_first_is_the_same_as_oldest_first():
    hourly(reversed(range(HOURS)))
    newest = make().splits.train.values
    hourly()
    assert torch.equal(newest, make().splits.train.values)


def test_uneven_times_that_are_not_used_are_warned_of():
    hourly(row for row in range(HOURS) if row % 7)
    (warning,) = make(time=None).report.warnings
    assert "data.time=date" in warning


def test_a_sensor_that_came_later_leaves_out_the_rows_before_it():
    frame = {"date": TIMES, "y": [None if row < 100 else VALUES[row] for row in range(HOURS)]}
    write(frame)
    data = make()
    assert sum(len(part) for _, part in data.splits) == 200 - 6
    assert list(data.report.rows_left_out.values()) == [100]


def test_a_feature_that_came_later_shortens_the_windows_alone():
    frame = {"date": TIMES, "y": VALUES, "x": [None if r < 50 else r for r in range(HOURS)]}
    write(frame)
    assert make(features=("x",)).splits.train.firsts[0] == 56


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"features": ("y",)}, "is the target"),
        ({"features": ("date",)}, "holds times, no numbers"),
        ({"split": {"by": "date"}}, "data.by takes several series"),
        ({"by": "dat"}, "did you mean `date`?"),
    ],
    ids=str,
)
def test_what_can_not_be_meant_is_refused(options, words):
    hourly()
    assert words in refusal(**options)


def test_a_constant_target_is_refused():
    write({"date": TIMES, "y": [5.0] * HOURS})
    assert "column `y` is 5 in every row" in refusal()


def test_one_wrong_time_is_not_filled_up_to():
    hourly()
    text = Path("series.csv").read_text().replace("2026-01-01 00:00:00", "1026-01-01 00:00:00", 1)
    Path("series.csv").write_text(text)
    assert "too many to fill" in refusal(gaps="fill")


def test_a_series_without_a_window_is_named():
    short = slice(0, 8)
    write(
        {
            "date": [*TIMES, *TIMES[short]],
            "y": [*VALUES, *VALUES[short]],
            "shop": ["a"] * HOURS + ["b"] * 8,
        }
    )
    # Of its 8 times 5 train and 1 validates; with 6 lags the first that is predicted is the 7th.
    assert make(by="shop").report.warnings == [
        f"1 of 2 series have no window in the part {part}: b" for part in ("train", "val")
    ]


def test_series_of_different_steps_are_warned_of():
    write(
        {
            "date": [*TIMES, *TIMES[::2]],
            "y": [*VALUES, *VALUES[::2]],
            "shop": ["a"] * HOURS + ["b"] * (HOURS // 2),
        }
    )
    report = make(by="shop").report
    assert report.source["step"] == "1 h; 2 h"
    assert "different steps" in report.warnings[0]


def test_times_that_are_off_their_places_are_said():
    times = [time + timedelta(minutes=3 * (row % 2)) for row, time in enumerate(TIMES)]
    write({"date": times, "y": VALUES})
    assert make().report.source["step"] == "1 h, some times off by 5 % of it"


def times_of_places(rows, gaps):
    """The time of each row that the values of the parts have; first and last are measured."""
    if gaps == "fill":
        return {time - rows[0]: time for time in rows}
    num_holes = np.cumsum([0, *(np.diff(rows) > 1)])
    return dict(zip(np.arange(len(rows)) + num_holes, rows, strict=True))


@settings(deadline=None, max_examples=40)
@given(
    cut=st.integers(30, 159),
    lags=st.integers(1, 4),
    horizon=st.integers(1, 3),
    holes=st.sets(st.integers(1, 158), max_size=40),
    missing=st.sets(st.integers(1, 158), max_size=40),
    gaps=st.sampled_from(["keep", "fill"]),
    seed=st.integers(0, 9),
)
def test_no_window_depends_on_later_values(
    tmp_path_factory, cut, lags, horizon, holes, missing, gaps, seed
):
    """Other values from a time on leave all windows that end before it as they are."""
    random = np.random.default_rng(seed)
    rows = [row for row in range(160) if row not in holes]
    path = tmp_path_factory.mktemp("series") / "series.csv"

    def data_of(y, x):
        shown = [None if row in missing else y[row] for row in rows]
        frame = {"date": [TIMES[row] for row in rows], "y": shown, "x": x[rows]}
        write(pd.DataFrame(frame).sample(frac=1, random_state=seed), path)
        data = make(features=("x",), lags=lags, horizon=horizon, gaps=gaps)
        data.path = str(path)
        return data.load()

    noise = random.normal(size=(2, 160))
    other = noise.copy()
    other[:, cut:] = random.normal(loc=3, size=(2, 160 - cut))
    try:
        one = data_of(*noise)
    except DataError as error:  # too few windows without a hole
        with pytest.raises(DataError, match=str(error)[:20]):
            data_of(*other)
        return
    two, times = data_of(*other), times_of_places(rows, gaps)
    for (_, before), (_, after) in zip(one, two, strict=True):
        assert torch.equal(before.firsts, after.firsts)
        ends = [times[first + horizon - 1] for first in before.firsts.tolist()]
        draw = BatchIndices(0, torch.tensor([i for i, end in enumerate(ends) if end < cut]).long())
        for first, second in zip(before[draw], after[draw], strict=True):
            if one.spec.target_std == two.spec.target_std and cut >= 112:
                assert torch.equal(first, second)
            if first.ndim == 2:  # the targets; their unit is known
                back = [
                    window.double() * parts.spec.target_std + parts.spec.target_mean
                    for window, parts in ((first, one), (second, two))
                ]
                torch.testing.assert_close(*back, rtol=0, atol=1e-5)
    # Features are scaled by all of the training part, also where no window ends: 70 % of the times,
    # which with 40 holes before them end before 125.
    is_scaled_alike = one.preparation == two.preparation
    assert is_scaled_alike or cut < 125
    if is_scaled_alike and cut > times[max(one.train.firsts.tolist()) + horizon - 1]:
        everything = BatchIndices(0, torch.arange(len(one.train)))
        assert all(map(torch.equal, one.train[everything], two.train[everything]))
