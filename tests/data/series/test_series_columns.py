"""Columns of labelled series that are no measurements: left out with a word, or refused."""

import re
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import DataError
from leyden.data.series.columns import find_numbered_columns
from leyden.data.series.series_classes import SeriesClasses

N, T = 40, 6
VALUES = np.random.default_rng(0).normal(size=(N, T)).round(4)
LABELS = np.array(["slow", "fast"] * (N // 2))
SORTED = np.sort(LABELS)
TIMES = [f"t{number}" for number in range(T)]


def make(path="series.csv", **options):
    return SeriesClasses(path=path, batch_size=4, **({"label": "speed"} | options))


def refusal(path="series.csv", **options):
    with pytest.raises(DataError) as raised:
        make(path, **options).load()
    return str(raised.value)


def options_of(message):
    """The keys that a message says to type, each with its value."""
    found = re.findall(
        r"data\.(time|leave_out|series|split\.by|ending|label)=(\[[^]]*\]|\w+)", message
    )
    return [
        (key, tuple(value.strip("[]").split(",")) if value[0] == "[" else value)
        for key, value in found
    ]


def write(columns, path="series.csv", **options):
    pd.DataFrame(columns).to_csv(path, index=False, **options)


def wide(before=None, labels=LABELS, names=TIMES, path="series.csv"):
    times = dict(zip(names, VALUES.T, strict=True))
    write({**(before or {}), **times, "speed": labels}, path)


def long(time=None, name="time", labels=LABELS, path="series.csv", **more):
    columns = {"id": np.repeat(np.arange(N), T)}
    if time is not None:
        columns[name] = np.tile(time, N)
    write({**columns, **more, "x": VALUES.flatten(), "speed": np.repeat(labels, T)}, path)


def of_all(data):
    return torch.cat([part.values for _, part in data.splits])


@given(
    st.sampled_from(["t{}", "X{}", "{}", "t_{}s", "at {} ms", "2024-01-{:02d}", "s1_t{}"]),
    st.sampled_from([("id", "age"), ("Unnamed: 0",), ("subject", "f10")]),
    st.permutations(range(1, T + 1)),
    st.booleans(),
)
@settings(max_examples=30)
def test_columns_called_otherwise_are_no_times(form, others, order, are_texts):
    path = f"{mkdtemp(dir='.')}/series.csv"
    number = np.random.default_rng(1).permutation(N)
    cells = [f"X{one}.V1" for one in number] if are_texts else number
    names = [form.format(one) for one in order]
    wide(dict.fromkeys(others, cells), names=names, path=path)
    data = make(path, header=True)
    assert data.spec.input_shape == (T, 1)
    first, last = form.format(1), form.format(T)
    assert data.report.source["times"] == f"columns {first} to {last}"
    (warning,) = data.report.warnings
    assert all(f"`{name}`" in warning for name in others)
    seen = data.splits.train.values[:, :, 0].double()
    spread = seen.flatten().std(correction=0)
    assert float(spread) == pytest.approx(1, abs=1e-5)
    expected = VALUES[:, np.argsort(order)]
    standard = (seen[0] - seen[0].mean()) / seen[0].std()
    rows = (expected - expected.mean(1, keepdims=True)) / expected.std(1, ddof=1, keepdims=True)
    assert np.abs(rows - standard.numpy()).max(axis=1).min() < 1e-4


def test_a_number_of_the_rows_among_times_without_such_names_is_left_out():
    wide({"id": np.arange(N)}, SORTED, names=["jan", "feb", "mar", "apr", "may", "jun"])
    data = make()
    assert data.spec.input_shape == (T, 1)
    assert data.report.warnings == ["column id is left out: it numbers the rows"]
    assert data.report.column("id").role == "left out"


def test_a_number_of_the_rows_in_a_table_without_names_is_left_out():
    columns = {0: np.arange(N), **dict(enumerate(VALUES.T, 1)), T + 1: SORTED}
    write(columns, header=False)
    data = make(label=str(T + 1), header=False)
    assert data.spec.input_shape == (T, 1)
    assert data.report.source["times"] == f"columns 1 to {T}"


def test_times_that_have_no_such_names_are_all_taken():
    wide(names=["jan", "feb", "mar", "apr", "may", "jun"])
    data = make()
    assert data.spec.input_shape == (T, 1)
    assert data.report.warnings == []


def test_columns_can_be_left_out_by_names_and_patterns():
    wide({"id": np.arange(N), "y1": LABELS, "y2": LABELS})
    data = make(leave_out=("id", "y*"))
    assert data.report.warnings == []
    assert {one.reason for one in data.report.with_role("left out")} == {"data.leave_out names it"}
    assert "did you mean `id`?" in refusal(leave_out=("ide",))


@pytest.mark.parametrize("names", [TIMES, ["jan", "feb", "mar", "apr", "may", "jun"]])
def test_a_column_of_parts_is_refused_and_both_readings_can_be_typed(names):
    wide({"part": ["train", "train", "train", "test"] * (N // 4)}, names=names)
    (_, by), (_, without) = options_of(refusal())
    assert len(make(split={"by": by}).splits.test) == 10
    assert make(leave_out=without).report.split == "drawn, each class alike"


def test_several_runs_of_times_are_refused():
    wide({f"u{number}": VALUES[:, number] for number in range(T)})
    assert "`u0` to `u5` and `t0` to `t5` are several runs" in refusal()
    assert make(leave_out=("t*",)).report.source["times"] == "columns u0 to u5"


def test_times_that_are_missing_among_the_names_are_said():
    wide(names=["t0", "t1", "t2", "t3", "t8", "t9"])
    assert "leave some out, the first after t3" in make().report.warnings[0]


def test_a_row_of_units_is_refused_with_its_place():
    rows = [["mV"] * T + ["-"], *([*row, label] for row, label in zip(VALUES, LABELS, strict=True))]
    pd.DataFrame(rows, columns=[*TIMES, "speed"]).to_csv("series.csv", index=False)
    assert "row 1 has no number in 6 columns, as `mV` in `t0`" in refusal()


CLOCKS = {
    "rising": np.arange(T),
    "falling": np.arange(T)[::-1],
    "fractions": np.arange(T) * 0.1,
    "uneven": np.array([0, 1, 2, 4, 7, 9]),
    "shuffled": np.array([3, 0, 1, 5, 4, 2]),
    "dates": pd.date_range("2024-01-01", periods=T).strftime("%Y-%m-%d").to_numpy(),
    "clock": np.array([f"10:{9 - minute:02d}:00" for minute in range(T)]),
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_times_that_are_not_named_are_refused_and_what_is_advised_is_read(clock):
    long(CLOCKS[clock])
    (_, time), (_, without) = options_of(refusal(series="id"))
    order = np.argsort(CLOCKS[clock])
    by_time, in_order = make(series="id", time=time), make(series="id", leave_out=without)
    assert by_time.spec.input_shape == in_order.spec.input_shape == (T, 1)
    np.testing.assert_allclose(of_all(by_time), of_all(in_order)[:, order])


@pytest.mark.parametrize("clock", CLOCKS)
def test_times_that_are_not_named_in_files_are_refused(clock):
    for number in range(N):
        folder = Path("waves", LABELS[number])
        folder.mkdir(parents=True, exist_ok=True)
        write(
            {"when": CLOCKS[clock], "time": CLOCKS[clock], "x": VALUES[number]},
            folder / f"{number}.csv",
        )
    said = refusal("waves", label=None)
    assert "to say when the rows are: type data.time=" in said
    (_, time), *_ = options_of(said)
    data = make("waves", label=None, time=time, features=("x",))
    assert data.spec.input_shape == (T, 1)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("time", np.array([1, 1, 2, 1, 3, 2])),
        ("response_time", np.array([0.3, 0.1, 0.4, 0.2, 0.9, 0.5])),
        ("temperature", np.array([1.0, 2.0, 2.5, 4.0, 4.5, 7.0])),
        ("pulse", np.zeros(T)),
    ],
)
def test_measurements_are_no_times(name, values):
    noise = np.random.default_rng(2).normal(size=N * T) * 0.01
    write(
        {
            "id": np.repeat(np.arange(N), T),
            name: np.tile(values, N) + (noise if values.any() else 0),
            "x": VALUES.flatten(),
            "speed": np.repeat(LABELS, T),
        }
    )
    assert make(series="id").spec.input_shape == (T, 2)


def test_times_that_come_again_in_a_series_are_refused():
    long(np.array([0, 1, 1, 1, 4, 5]))
    said = refusal(series="id", time="time")
    assert "2 of 6 times come again in series `0`, the first is 1;" in said
    ((_, without),) = options_of(said)
    assert make(series="id", leave_out=without).spec.input_shape == (T, 1)


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        (np.array([0, 1, 2, 4, 5, 6]), ["missing in 40 of 40 series, the first after 2 in"]),
        (np.arange(T), []),
        (pd.date_range("2024-01-01", periods=T, freq="MS").strftime("%Y-%m-%d"), []),
        (pd.bdate_range("2024-01-04", periods=T).strftime("%Y-%m-%d"), []),
    ],
)
def test_times_that_are_missing_are_said(clock, words):
    long(np.asarray(clock))
    warnings = make(series="id", time="time").report.warnings
    assert len(warnings) == len(words)
    assert all(word in warnings[0] for word in words)


def test_rows_that_are_not_in_order_are_refused_where_features_are_named():
    long(CLOCKS["falling"])
    assert "type data.time=time" in refusal(series="id", features=("x",))
    long(CLOCKS["rising"])
    assert make(series="id", features=("x",)).spec.input_shape == (T, 1)
    assert make(series="id", features=("x", "time")).spec.input_shape == (T, 2)


def test_a_form_of_times_can_be_given():
    long(np.array([f"0{day}/02/2024" for day in range(1, T + 1)]))
    assert "data.time_format='%d/%m/%Y'" in refusal(series="id", time="time")
    assert make(series="id", time="time", time_format="%d/%m/%Y").spec.input_shape == (T, 1)


def test_a_channel_that_numbers_the_series_is_left_out():
    long(labels=SORTED, subject=np.repeat(np.arange(N), T))
    data = make(series="id")
    assert data.spec.input_shape == (T, 1)
    assert data.report.warnings == ["column subject is left out: it numbers the rows"]


def test_a_channel_that_is_the_class_is_left_out():
    long(code=np.repeat((LABELS == "fast").astype(int), T))
    data = make(series="id")
    assert data.spec.input_shape == (T, 1)
    assert data.report.warnings == ["column code is left out: it is the target in other words"]


def test_a_series_of_several_classes_can_be_told_apart_by_its_class():
    write(
        {
            "user": np.repeat(np.arange(N // 2), 2 * T),
            "speed": np.repeat(LABELS, T),
            "x": VALUES.flatten(),
        }
    )
    ((_, keys),) = options_of(refusal(series="user"))
    assert keys == ("user", "speed")
    assert len(of_all(make(series=keys))) == N


def test_a_part_in_two_forms_is_refused_and_one_can_be_chosen():
    Path("set").mkdir()
    for ending, separator in (("tsv", "\t"), ("csv", ",")):
        for part in ("TRAIN", "TEST"):
            frame = pd.DataFrame(VALUES, columns=TIMES).assign(speed=LABELS)
            frame.to_csv(f"set/Waves_{part}.{ending}", sep=separator, index=False)
    said = refusal("set")
    assert [key for key, _ in options_of(said)] == ["ending", "ending"]
    for _, ending in options_of(said):
        data = make("set", ending=ending)
        assert len(data.splits.test) == N
        assert data.report.files_left_out == {f"ending .{'csv' if ending == 'tsv' else 'tsv'}": 2}


def test_a_label_of_a_table_without_names_is_typed_in_quotes():
    write({0: LABELS, **dict(enumerate(VALUES.T, 1))}, header=False)
    assert """'data.label="0"'""" in refusal(label=None, header=False)


def test_a_beginning_without_values_is_the_mean_and_that_is_said():
    values = VALUES.copy()
    values[:10, :2] = np.nan
    values[20:25, 4] = np.nan
    pd.DataFrame(values, columns=TIMES).assign(speed=LABELS).to_csv("series.csv", index=False)
    data = make()
    assert data.report.notes == [
        "5 missing values, filled with the last before them",
        "20 missing values at the beginning of series, taken as the mean: there is nothing before"
        " them",
    ]
    assert (of_all(data)[:, :2] == 0).all(dim=1).sum() == 10


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b", "c"], None),
        (["t2", "t10", "t1"], ("t1", "t2", "t10")),
        (["id", "0.5", "1.0", "1.5"], ("0.5", "1.0", "1.5")),
        (["a", "b", "c", "d", "t1", "t2", "t3"], None),
    ],
)
def test_a_run_has_a_common_stem_and_half_of_the_columns(names, expected):
    run = find_numbered_columns(names)
    assert (run and run.names) == expected


def test_series_that_are_trained_on_and_tested_are_warned_of():
    part = np.array(["train"] * 26 + ["val"] * 4 + ["test"] * 10)
    values = VALUES.copy()
    values[30:33] = values[:3]
    write({**dict(zip(TIMES, values.T, strict=True)), "speed": LABELS, "part": part})
    data = make(split={"by": "part"})
    assert "3 series of test are in train too: the same values" in data.report.warnings


def test_a_channel_of_arrays_that_numbers_the_series_is_left_out():
    number = np.repeat(np.arange(N, dtype=float), T).reshape(N, T)
    np.savez("waves.npz", x=np.stack([VALUES, number], axis=2), y=SORTED)
    data = make("waves.npz", label=None, layout="NTC")
    assert data.spec.input_shape == (T, 1)
    assert data.report.warnings == ["column channel 1 is left out: it numbers the rows"]
