"""Labelled series are read as they lie: a row, a group of rows or a file for each."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from leyden.data import DataError
from leyden.data.series.series_classes import SeriesClasses
from leyden.data.splitting import draw_rows

N, T = 40, 12
RANDOM = np.random.default_rng(0)
WAVES = RANDOM.normal(size=(N, T)).round(4)
LABELS = np.array(["slow", "fast"] * (N // 2))
CODES = torch.tensor([1, 0] * (N // 2))  # in the order of their names
CUT = draw_rows(N, (28, 6, 6), labels=CODES)


def make(path="series.csv", **options):
    return SeriesClasses(path=path, **({"batch_size": 4} | options))


def refusal(**options):
    with pytest.raises(DataError) as raised:
        make(**options).load()
    return str(raised.value)


def wide(path="series.csv", rows=range(N), **options):
    rows = list(rows)
    frame = pd.DataFrame(WAVES[rows], columns=[f"t{i}" for i in range(T)])
    frame.insert(0, "speed", LABELS[rows])
    frame.to_csv(path, index=False, **options)


def long(path="series.csv", order=None):
    frame = pd.DataFrame(
        {
            "id": np.repeat([f"s{i}" for i in range(N)], T),
            "time": np.tile(np.arange(T), N),
            "x": WAVES.flatten(),
            "y": -WAVES.flatten(),
            "speed": np.repeat(LABELS, T),
        }
    )
    frame.iloc[range(len(frame)) if order is None else order].to_csv(path, index=False)


def scaled(values=WAVES):
    seen = values[CUT[0].numpy()]
    return (values - seen.mean()) / seen.std()


def assert_parts(parts, expected, channel=0):
    for (_, part), rows in zip(parts, CUT, strict=True):
        np.testing.assert_allclose(part.values[:, :, channel], expected[rows.numpy()], atol=1e-5)
        assert part.labels.tolist() == CODES[rows].tolist()


def test_a_row_is_a_series():
    wide()
    data = make(label="speed")
    assert_parts(data.splits, scaled())
    assert data.spec.class_names == ("fast", "slow")
    assert data.spec.input_shape == (T, 1)
    assert data.report.classes["fast"] == {"train": 14, "val": 3, "test": 3}


def test_a_group_of_rows_in_any_order_is_a_series():
    long()
    options = {"label": "speed", "series": "id", "time": "time"}
    assert_parts(make(**options).splits, scaled())
    assert_parts(make(**options).splits, scaled(-WAVES), channel=1)
    order = np.lexsort((RANDOM.permutation(N * T), np.repeat(np.arange(N), T)))
    long(order=order)
    assert_parts(make(**options).splits, scaled())


def folders(root="waves", parts=None):
    for number in range(N):
        part = "" if parts is None else f"{parts[number]}/"
        folder = Path(root) / f"{part}{LABELS[number]}"
        folder.mkdir(parents=True, exist_ok=True)
        frame = pd.DataFrame({"x": WAVES[number], "y": -WAVES[number]})
        frame.to_csv(folder / f"{number:02}.csv", index=False)
    return root


def test_a_file_is_a_series_and_a_folder_a_class():
    parts = make(folders()).splits
    values = torch.cat([part.values for _, part in parts])[:, :, 0]
    labels = torch.cat([part.labels for _, part in parts])
    assert len(values) == N
    train = torch.cat([parts.train.values[:, :, 0].double().flatten()])
    assert float(train.mean()) == pytest.approx(0, abs=1e-6)
    # Fast ones are the odd rows: each series is found among them, up to the one scale.
    for own, label in zip(values.double().numpy(), labels.tolist(), strict=True):
        standard = (own - own.mean()) / own.std()
        candidates = WAVES[CODES.numpy() == label]
        candidates = (candidates - candidates.mean(axis=1, keepdims=True)) / candidates.std(
            axis=1, keepdims=True
        )
        assert np.abs(candidates - standard).max(axis=1).min() < 1e-4


def test_folders_that_are_called_train_and_test_are_these_parts():
    names = ["Training"] * 30 + ["TEST"] * 10
    parts = make(folders(parts=names)).splits
    assert [len(part) for _, part in parts] == [26, 4, 10]


def test_tables_that_are_called_train_and_test_are_these_parts():
    Path("set").mkdir()
    wide("set/Waves_TRAIN.tsv", range(30), sep="\t")
    wide("set/Waves_TEST.tsv", range(30, N), sep="\t")
    Path("set/README.md").write_text("waves")
    data = make("set", label="speed")
    assert [len(part) for _, part in data.splits] == [26, 4, 10]
    assert data.splits.test.labels.tolist() == CODES[30:].tolist()
    assert sum(data.report.files_left_out.values()) == 1


def test_each_series_may_have_its_own_scale():
    wide()
    own = (WAVES - WAVES.mean(axis=1, keepdims=True)) / WAVES.std(axis=1, keepdims=True)
    assert_parts(make(label="speed", scale="each").splits, own)


def shorter():
    values = WAVES.copy().astype(object)
    values[0, 9:] = None
    frame = pd.DataFrame(values, columns=[f"t{i}" for i in range(T)])
    frame.insert(0, "speed", LABELS)
    frame.to_csv("series.csv", index=False)


def test_series_of_several_lengths_are_refused_with_what_to_type():
    shorter()
    said = refusal(label="speed")
    assert "from 9 (row 1 of series.csv) to 12 times; data.length=12 fills up" in said


@pytest.mark.parametrize(
    ("length", "said"), [(12, "1 series are filled"), (9, "39 series are cut")]
)
def test_a_length_fills_up_or_cuts_and_says_so(length, said):
    shorter()
    data = make(label="speed", length=length)
    assert data.spec.input_shape == (length, 1)
    assert any(said in note for note in data.report.notes)
    values = torch.cat([part.values for _, part in data.splits])
    assert (values[:, 9:] == 0).all(dim=1).sum() == (1 if length == 12 else len(values))


def test_groups_stay_together():
    long()
    frame = pd.read_csv("series.csv")
    frame["patient"] = frame["id"].str[1:].astype(int) // 4
    frame.to_csv("series.csv", index=False)
    parts = make(
        label="speed", series="id", features=("x",), split={"by": "patient", "kind": "groups"}
    ).splits
    assert [len(part) for _, part in parts] == [28, 8, 4]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "must name the column"),
        ({"label": "sped"}, "did you mean `speed`?"),
        ({"label": "t0", "features": ("speed",)}, "holds text, no numbers"),
        ({"label": "speed", "split": {"by": "t1"}}, "are they times or groups?"),
    ],
    ids=str,
)
def test_what_can_not_be_meant_is_refused(options, words):
    wide()
    assert words in refusal(**options)


def test_a_series_of_two_classes_is_refused():
    long()
    frame = pd.read_csv("series.csv")
    frame.loc[3, "speed"] = "fast"
    frame.to_csv("series.csv", index=False)
    assert "series `s0` has the classes `slow` and `fast`" in refusal(label="speed", series="id")


@pytest.mark.parametrize("shape", ["(n, times)", "(n, times, channels)", "(n, channels, times)"])
def test_arrays_of_series_are_read(shape):
    arrays = {
        "(n, times)": WAVES,
        "(n, times, channels)": np.stack([WAVES, -WAVES], axis=2),
        "(n, channels, times)": np.stack([WAVES, -WAVES], axis=1),
    }
    np.savez("waves.npz", x=arrays[shape], y=LABELS)
    assert_parts(make("waves.npz").splits, scaled())


def test_arrays_that_are_called_train_and_test_are_these_parts():
    parts = {"train": slice(0, 30), "test": slice(30, N)}
    arrays = {f"x_{part}": WAVES[rows] for part, rows in parts.items()}
    arrays |= {f"y_{part}": LABELS[rows] for part, rows in parts.items()}
    np.savez("waves.npz", **arrays)
    assert [len(part) for _, part in make("waves.npz").splits] == [26, 4, 10]


def test_axes_that_could_be_either_are_refused():
    np.savez("waves.npz", x=np.zeros((N, 12, 10)), y=LABELS)
    assert "data.layout=NTC or NCT" in refusal(path="waves.npz")
