"""What carries the target or the order of the rows is not learned from in silence."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data.splitting import draw_rows, split_sizes
from leyden.data.tables.csv_table import CSVTable

N = 450
RNG = np.random.default_rng(7)
NOISE = RNG.normal(size=N).round(3).tolist()
OTHER_NOISE = RNG.uniform(size=N).round(3).tolist()
SORTED = [row * 3 // N for row in range(N)]  # a third of each class, one after another
KINDS = ["abc"[code] for code in SORTED]
SHUFFLED = RNG.permutation(N).tolist()
MIXED = [KINDS[row] for row in SHUFFLED]
START = 1_700_000_000


def table(**columns):
    with Path("t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def make(target="kind", **options):
    return CSVTable(path="t.csv", target=target, batch_size=4, **options)


def roles(parts):
    return {column.name: column.role for column in parts.report.columns}


ORDERS = {
    "an index": range(N),
    "an index that begins elsewhere": range(1000, 1000 + N),
    "an index backwards": range(N, 0, -1),
    "an index in tens": range(0, 10 * N, 10),
    "an index of floats": [float(row) for row in range(N)],
    "an index in even steps": [row * 0.25 + 3 for row in range(N)],
    "an index again for each class": [row % (N // 3) for row in range(N)],
    "an index with gaps": np.cumsum(RNG.integers(1, 9, N)).tolist(),
    "an index that jitters": [row + jitter for row, jitter in enumerate(RNG.normal(0, 8, N))],
    "seconds since 1970": [START + 60 * row + int(RNG.integers(30)) for row in range(N)],
    "times": [datetime(2026, 1, 1) + timedelta(minutes=7 * row) for row in range(N)],
    "batches": [row // 10 for row in range(N)],
    "names of batches": [f"batch {row // 15}" for row in range(N)],
    "names of rows": [f"row_{row}" for row in range(N)],
    "hexadecimal names": [f"{row * 2654435761 % 2**32:08x}" for row in range(N)],
    "paths with the class": [f"{kind}/{row}.png" for row, kind in enumerate(KINDS)],
}


@pytest.mark.parametrize("cells", ORDERS.values(), ids=ORDERS)
def test_what_follows_the_order_of_rows_that_are_sorted_by_class_is_left_out(cells):
    table(x=cells, a=NOISE, b=OTHER_NOISE, kind=KINDS)
    parts = make().splits
    assert roles(parts) == {"x": "left out", "a": "feature", "b": "feature", "kind": "target"}
    assert parts.report.column("x").reason
    assert parts.spec.input_shape == (2,)


@pytest.mark.parametrize("sign", ["", "Unnamed: 0", "id", "ID", "user_id", "PassengerId", "Index"])
def test_numbers_that_name_rows_are_left_out_whatever_their_order(sign):
    table(**{sign: [row * 7 + 3 for row in SHUFFLED]}, a=NOISE, kind=MIXED)
    parts = make().splits
    assert parts.spec.input_shape == (1,)
    assert any("left out" in warning for warning in parts.report.warnings)


def test_numbers_from_1_on_are_left_out_in_any_order_under_any_name():
    table(x=[row + 1 for row in SHUFFLED], a=NOISE, kind=MIXED)
    assert roles(make().splits)["x"] == "left out"


COPIES = {
    "a copy": MIXED,
    "other words": [{"a": "red", "b": "green", "c": "blue"}[kind] for kind in MIXED],
    "codes": [{"a": 7, "b": 1, "c": 3.5}[kind] for kind in MIXED],
    "words and missing ones": [{"a": "red", "b": "green", "c": ""}[kind] for kind in MIXED],
}


@pytest.mark.parametrize("cells", COPIES.values(), ids=COPIES)
def test_a_target_in_other_words_is_left_out(cells):
    table(x=cells, a=NOISE, kind=MIXED)
    parts = make().splits
    assert roles(parts)["x"] == "left out"
    assert "the target in other words" in parts.report.warnings[0]


@pytest.mark.parametrize("step", [1, 10, -3])
def test_numbers_in_even_steps_are_left_out_in_any_order(step):
    table(x=[5 + step * row for row in SHUFFLED], a=NOISE, kind=MIXED)
    assert roles(make().splits)["x"] == "left out"


@pytest.mark.parametrize("order", ["an index with gaps", "seconds since 1970", "times"])
def test_what_follows_the_order_of_rows_that_are_sorted_by_their_number_is_said(order):
    growing = [row + 20 * noise for row, noise in enumerate(NOISE)]
    table(x=ORDERS[order], a=NOISE, y=growing)
    assert any("as the target does" in one for one in make("y").splits.report.warnings)


def test_a_copy_of_a_number_is_left_out():
    table(x=OTHER_NOISE, a=NOISE, y=OTHER_NOISE)
    assert roles(make("y").splits)["x"] == "left out"


PAIRS = list(zip(OTHER_NOISE, NOISE, strict=True))
NEARLY = {
    "another unit, with noise": [1.2 * y + 0.003 * z for y, z in PAIRS],
    "a rounded logarithm": [round(float(np.log(9 + y)), 3) for y in OTHER_NOISE],
    "another currency, rounded": [round(1.08 * y, 2) for y in OTHER_NOISE],
    "turned": [-y + 0.001 * z for y, z in PAIRS],
}


@pytest.mark.parametrize("cells", NEARLY.values(), ids=NEARLY)
def test_a_column_that_is_nearly_the_number_to_predict_is_used_and_said(cells):
    table(x=cells, a=NOISE, y=OTHER_NOISE)
    report = make("y").splits.report
    assert [one for one in report.warnings if one.startswith("column x nearly is the target")]
    assert report.column("x").role == "feature"


def test_a_good_feature_is_no_leak():
    cells = [y + 0.02 * z for y, z in PAIRS]
    assert 0.99 < np.corrcoef(cells, OTHER_NOISE)[0, 1] < 0.999
    table(x=cells, a=NOISE, y=OTHER_NOISE)
    assert make("y").splits.report.warnings == []


@pytest.mark.parametrize("sign", [1, -1])
def test_two_columns_that_make_up_the_number_to_predict_are_said(sign):
    casual, registered = RNG.integers(0, 50, N), RNG.integers(100, 900, N)
    table(casual=casual, registered=registered, a=NOISE, y=registered + sign * casual)
    words = "casual + registered" if sign > 0 else "registered - casual"
    assert [one for one in make("y").splits.report.warnings if words in one]
    table(casual=casual, registered=registered, a=NOISE, y=registered + sign * casual + SHUFFLED)
    assert not any("in each row" in one for one in make("y").splits.report.warnings)


GRIDS = {
    "depth": [row * 0.5 for row in range(N)],
    "lat": [round(40 + row / 100, 2) for row in range(N)],
    "year": [1960 + row for row in range(N)],
    "NO": [row * 7 + 3 for row in SHUFFLED],
}


@pytest.mark.parametrize("name", GRIDS)
def test_places_times_and_measurements_on_a_grid_are_used(name):
    some = slice(90)
    table(**{name: GRIDS[name][some]}, a=NOISE[some], y=np.sin(np.arange(90) / 10).round(3))
    report = make("y").splits.report
    assert roles(make("y").splits)[name] == "feature"
    if name != "NO":
        assert any("the same step from row to row" in one for one in report.warnings)


@pytest.mark.parametrize("name", ["depth", "lat", "year"])
def test_a_grid_is_left_out_where_the_rows_are_sorted_by_class(name):
    kinds = ["abc"[row // 30] for row in range(90)]
    table(**{name: GRIDS[name][:90]}, a=NOISE[:90], kind=kinds)
    assert roles(make().splits)[name] == "left out"


APART = ["abc".index(kind) + noise / 2 for kind, noise in zip(MIXED, OTHER_NOISE, strict=True)]
SAID = {
    "another unit": ("y", [2.54 * number + 1 for number in OTHER_NOISE]),
    "a growing function": ("y", np.exp(OTHER_NOISE).tolist()),
    "numbers apart for each class": ("kind", APART),
    "values of one class each": ("kind", [f"{kind}{row % 5}" for row, kind in enumerate(MIXED)]),
}


@pytest.mark.parametrize(("target", "cells"), SAID.values(), ids=SAID)
def test_a_column_that_tells_the_target_alone_is_used_and_said(target, cells):
    table(x=cells, a=NOISE, kind=MIXED, y=OTHER_NOISE)
    report = make(target, features=("x", "a")).splits.report
    assert report.column("x").role == "feature"
    assert any(warning.startswith("column x ") for warning in report.warnings)


@pytest.mark.parametrize("name", ["kind_encoded", "prediction", "y_hat", "pred_kind", "proba_a"])
def test_a_name_that_tells_of_the_target_is_said(name):
    table(**{name: OTHER_NOISE}, a=NOISE, kind=MIXED)
    assert any(f"column {name} is called like" in one for one in make().splits.report.warnings)


def iris():
    """Measurements that depend on the class, in a file that is sorted by class."""
    rng = np.random.default_rng(1)
    classes = np.repeat([0, 1, 2], 50)
    means = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])
    values = (means[classes] + rng.normal(0, 0.35, (150, 4))).round(1)
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    return {name: values[:, place].tolist() for place, name in enumerate(names)} | {
        "species": np.array(["setosa", "versicolor", "virginica"])[classes].tolist()
    }


def test_measurements_are_no_leaks():
    table(**iris())
    parts = make("species").splits
    assert parts.spec.input_shape == (4,)
    assert parts.report.warnings == []


@pytest.mark.parametrize(
    "cells",
    [
        RNG.integers(0, 100, N).tolist(),
        RNG.normal(size=N).tolist(),
        RNG.integers(0, 10**9, N).tolist(),
        RNG.choice(["u", "v", "w"], N).tolist(),
        [row % 12 for row in range(N)],
        RNG.integers(1900, 2020, N).tolist(),
    ],
    ids=["ages", "numbers", "prices", "words", "months", "years"],
)
@pytest.mark.parametrize("target", ["kind", "y"])
def test_what_is_no_leak_is_used_without_a_word(cells, target):
    table(x=cells, a=NOISE, kind=MIXED, y=OTHER_NOISE)
    parts = make(target, features=("x", "a")).splits
    assert parts.report.warnings == []


def test_a_trend_in_a_file_that_is_not_sorted_is_no_leak():
    table(x=[row + noise for row, noise in enumerate(NOISE)], a=NOISE, kind=MIXED)
    assert roles(make().splits)["x"] == "feature"


def test_what_the_user_names_is_used_with_a_warning():
    table(x=range(N), a=NOISE, kind=KINDS)
    parts = make(features=("x", "a")).splits
    assert parts.spec.input_shape == (2,)
    assert parts.report.warnings == [
        "column x numbers the rows; it is used, since data.features names it"
    ]


def test_an_index_is_used_with_a_warning_where_there_is_nothing_else():
    table(x=range(N), y=NOISE)
    parts = make("y").splits
    assert parts.spec.input_shape == (1,)
    assert parts.report.warnings == ["column x numbers the rows; it is used, for want of others"]


def test_rows_that_are_trained_on_and_tested_are_said():
    twice = [*NOISE[:225], *NOISE[:225]]
    table(a=twice, b=[number * number for number in twice], kind=[*MIXED[:225], *MIXED[:225]])
    (warning,) = make().splits.report.warnings
    assert "of the test rows are in the training part too" in warning


def test_rows_that_are_alike_by_chance_are_not_said():
    table(a=[row % 5 for row in SHUFFLED], b=RNG.integers(0, 3, N), kind=RNG.choice(["u", "v"], N))
    assert make().splits.report.warnings == []


# What is learned does not depend on rows that are not trained on


def cells_of(kind, rows, rng):
    """Cells of a column."""
    if kind == "numbers":
        return [f"{number:.3f}" for number in rng.normal(size=rows)]
    if kind == "whole":
        return [str(number) for number in rng.integers(0, 30, rows)]
    if kind == "times":
        start = datetime(2020, 1, 1)
        return [str(start + timedelta(minutes=int(one))) for one in rng.integers(0, 10**6, rows)]
    return rng.choice(["u", "v", "w", "x", "y"], rows).tolist()


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(40, 80),
    kinds=st.lists(st.sampled_from(["numbers", "whole", "times", "words"]), min_size=1, max_size=4),
    holes=st.floats(0, 0.5),
    impute=st.sampled_from(["median", "mean", "zero"]),
    indicator=st.booleans(),
    has_classes=st.booleans(),
)
def test_no_tensor_of_the_training_part_depends_on_other_rows(
    seed, rows, kinds, holes, impute, indicator, has_classes
):
    rng = np.random.default_rng(seed)
    codes = torch.from_numpy(rng.integers(0, 3, rows)) if has_classes else None
    train = set(draw_rows(rows, split_sizes(rows, (0.7, 0.15, 0.15)), labels=codes)[0].tolist())

    def cells(kind, old=None):
        new = [cell if rng.random() > holes else "" for cell in cells_of(kind, rows, rng)]
        return (
            new if old is None else [old[row] if row in train else new[row] for row in range(rows)]
        )

    before = {f"c{place}": cells(kind) for place, kind in enumerate(kinds)}
    after = {name: cells(kind, before[name]) for name, kind in zip(before, kinds, strict=True)}
    target = other = [f"{number:.3f}" for number in rng.normal(size=rows)]
    if codes is not None:  # which decide the split
        target = other = ["uvw"[code] for code in codes.tolist()]
    else:
        other = [cell if row in train else str(1e3 + row) for row, cell in enumerate(target)]
    found = []
    for columns, numbers in ((before, target), (after, other)):
        table(**columns, y=numbers)
        parts = make("y", impute=impute, missing_indicator=indicator).splits
        found.append((parts.train, parts.spec))
    (one, spec), (same, same_spec) = found
    assert torch.equal(one.features, same.features)
    assert torch.equal(one.targets, same.targets)
    assert spec == same_spec
