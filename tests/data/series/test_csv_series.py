from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from leyden.data import DataError
from leyden.data.series.csv_series import CSVSeries

N = 40
WAVE = [round(10 * np.sin(time), 3) for time in range(N)]
SHUFFLED = np.random.default_rng(0).permutation(N).tolist()
SPARSE = [1, None, None, 4, *WAVE[4:-2], 7, None]
FILLED = [1, 1, 1, 4, *WAVE[4:-2], 7, None]


def series(*, separator=",", order=range(N), **columns):
    """A file of these columns; None is an empty cell."""
    lines = [separator.join(columns)]
    for row in order:
        cells = [column[row] for column in columns.values()]
        lines.append(separator.join("" if cell is None else str(cell) for cell in cells))
    Path("series.csv").write_text("\n".join(lines) + "\n")


def make(target="y", **options):
    defaults = {"batch_size": 4, "lags": 3}
    return CSVSeries(path="series.csv", target=target, **(defaults | options))


def values(data, feature=0):
    return data.splits.train.values[:, feature].tolist()


def unscaled(data):
    spec = data.spec
    return [value * spec.target_std + spec.target_mean for value in values(data)]


def refusal(**options):
    with pytest.raises(DataError) as raised:
        make(**options).load()
    return raised.value.key, str(raised.value)


def scaled(numbers):
    """By the mean and deviation of the first 70 %."""
    numbers = np.array(numbers, dtype=float)
    return (numbers - numbers[:28].mean()) / numbers[:28].std(ddof=1)


def test_the_values_are_the_files_in_its_order():
    series(y=WAVE)
    assert unscaled(make()) == pytest.approx(WAVE, abs=1e-5)


def test_the_series_is_split_by_time():
    series(y=WAVE)
    parts = make().splits
    firsts = [part.firsts.tolist() for part in (parts.train, parts.val, parts.test)]
    assert firsts == [list(range(3, 28)), list(range(28, 34)), list(range(34, 40))]


DAYS = [date(2020, 2, 20) + timedelta(days=day) for day in range(N)]


@pytest.mark.parametrize(
    "time",
    [DAYS, [f"{day} 12:00:00" for day in DAYS], list(range(-5, N - 5)), [t / 7 for t in range(N)]],
    ids=["dates", "hours", "whole numbers", "fractions"],
)
def test_rows_are_sorted_by_their_time(time):
    series(y=WAVE, t=time, order=SHUFFLED)
    assert unscaled(make(time="t")) == pytest.approx(WAVE, abs=1e-5)


def test_times_that_are_no_dates_are_refused():
    series(y=WAVE, t=[*DAYS[1:], "soon"])
    key, message = refusal(time="t")
    assert key == "time"
    assert "`t` holds `soon`, which is no time" in message


def test_the_target_has_its_columns_name():
    series(sales=WAVE)
    assert make("sales").spec.target_name == "sales"


def test_what_is_missing_is_the_last_value_before_it():
    series(y=SPARSE, t=range(N))
    assert unscaled(make()) == pytest.approx(FILLED[:-1], abs=1e-5)


def test_what_is_missing_is_filled_in_after_sorting():
    series(y=SPARSE, t=range(N), order=SHUFFLED)
    assert unscaled(make(time="t")) == pytest.approx(FILLED[:-1], abs=1e-5)


def test_what_is_missing_is_noted():
    series(y=SPARSE, x=[None, *WAVE[1:]])
    report = make(features=("x",)).splits.report
    (note,) = report.notes
    assert all(word in note for word in ("y", "2 missing"))
    assert report.rows_left_out == {"before the first value, or after the last": 2}


def test_further_features_follow_the_target_and_are_scaled_like_it():
    series(x=[number**2 for number in range(N)], z=WAVE[::-1], y=WAVE)
    data = make(features=("z", "x"), lags=5)
    assert data.spec.input_shape == (5, 3)
    assert values(data, 1) == pytest.approx(scaled(WAVE[::-1]), abs=1e-5)
    assert values(data, 2) == pytest.approx(scaled([n**2 for n in range(N)]), abs=1e-5)


@pytest.mark.parametrize("horizon", [1, 3])
def test_as_many_times_are_forecast_as_the_user_wants(horizon):
    series(y=WAVE)
    assert make(horizon=horizon).spec.num_outputs == horizon


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"target": "text"}, "target"),
        ({"features": ("text",)}, "features"),
        ({"target": "empty"}, "target"),
        ({"features": ("empty",)}, "features"),
        ({"target": "Y"}, "target"),
        ({"features": ("Y",)}, "features"),
        ({"time": "Y"}, "time"),
        ({"lags": 27}, "lags"),
        ({"horizon": 6}, "lags"),
    ],
    ids=str,
)
def test_what_can_not_be_a_series_is_refused_with_its_parameter(options, key):
    series(y=WAVE, text=["a"] * N, empty=[None] * N)
    assert refusal(**options)[0] == key


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolon"), ("\t", "tab")])
def test_cells_may_be_separated_by_another_sign(sign, name):
    series(y=WAVE, x=WAVE, separator=sign)
    assert unscaled(make(separator=name)) == pytest.approx(WAVE, abs=1e-5)


def test_times_that_come_again_are_refused():
    series(y=WAVE, t=[*DAYS[:-1], DAYS[0]])
    assert "1 of 40 times come again, the first is 2020-02-20" in refusal(time="t")[1]


def test_dates_that_could_be_two_days_are_refused():
    series(y=WAVE, t=[f"{1 + row % 12:02}/{1 + row // 12:02}/2026" for row in range(N)])
    assert refusal(time="t")[0] == "time"
