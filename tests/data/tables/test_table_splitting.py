"""The parts of a table: drawn with each class alike, or as a column says."""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch

from leyden.data import DataError
from leyden.data.splitting import draw_rows
from leyden.data.tables.csv_table import CSVTable

N = 100
RNG = np.random.default_rng(3)
PLACES = [f"{row}.5" for row in RNG.permutation(N)]  # tells rows from each other
KINDS = ["rare" if row % 10 == 0 else "usual" for row in range(N)]


def table(**columns):
    with Path("t.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def parts_of(target="y", **split):
    return CSVTable(
        path="t.csv", target=target, features=("place",), batch_size=4, split=split
    ).splits


def rows_in(parts):
    """The rows of the file in each part, found by their own number in `place`."""
    features = [part.features[:, 0] for _, part in parts]
    all_places = np.array(PLACES, dtype=float)
    ranks = {value: row for row, value in enumerate(all_places)}
    values = np.sort(all_places)
    order = torch.cat(features).argsort().argsort().tolist()
    rows = [ranks[values[rank]] for rank in order]
    ends = np.cumsum([len(part) for part in features])
    return [sorted(one.tolist()) for one in np.split(np.array(rows), ends[:-1])]


def refusal(**split):
    with pytest.raises(DataError) as raised:
        parts_of(**split)
    return f"{raised.value.key}: {raised.value}"


def test_each_class_has_its_share_in_each_part():
    table(place=PLACES, y=KINDS)
    parts = parts_of()
    classes = parts.report.classes
    assert classes["rare"]["train"] in (6, 7)
    assert {classes["rare"][part] for part in ("val", "test")} <= {1, 2}
    assert [sum(classes[kind].values()) for kind in ("rare", "usual")] == [10, 90]
    assert parts.report.split == "drawn, each class alike"


def test_numbers_are_drawn_as_they_come():
    table(place=PLACES, y=RNG.normal(size=N))
    parts = parts_of()
    assert rows_in(parts) == [sorted(rows.tolist()) for rows in draw_rows(N, (70, 15, 15))]
    assert parts.report.split == "drawn"


def test_the_user_may_say_the_fractions_and_that_classes_do_not_count():
    table(place=PLACES, y=KINDS)
    parts = parts_of(fractions=[0.5, 0.2, 0.3], stratified=False)
    assert rows_in(parts) == [sorted(rows.tolist()) for rows in draw_rows(N, (50, 20, 30))]


def test_a_column_may_name_the_parts():
    names = [("Train", "dev", "TEST")[row % 3] for row in range(N)]
    table(place=PLACES, part=names, y=KINDS)
    parts = parts_of(by="part")
    assert rows_in(parts) == [list(range(start, N, 3)) for start in range(3)]
    assert parts.report.split == "as part says"
    assert parts.report.column("part").role == "split"


@pytest.mark.parametrize(
    ("words", "odd"),
    [
        (["train"] * 70 + ["val"] * 15 + ["test"] * 14 + ["tset"], "`tset` (1)"),
        (["Training"] * 80 + ["PublicTest"] * 11 + ["PrivateTest"] * 9, "`PublicTest` (11), `Priv"),
        (["trn"] * 70 + ["val"] * 15 + ["tst"] * 15, "`trn` (70), `tst` (15)"),
        (["train"] * 50 + ["test"] * 25 + ["extra"] * 25, "`extra` (25)"),
        (["train"] * 70 + ["None"] * 30, "`None` (30)"),
    ],
    ids=lambda one: " ".join(dict.fromkeys(one)) if isinstance(one, list) else "",
)
def test_a_column_of_which_only_some_cells_name_a_part_is_refused(words, odd):
    table(place=PLACES, part=words, y=KINDS)
    said = refusal(by="part")
    assert f"but not in rows with {odd}" in said
    if "data.split.kind=groups" in said:
        assert "by groups" in parts_of(by="part", kind="groups").report.split
    else:
        assert len(set(words)) == 2


@pytest.mark.parametrize(
    ("name", "part", "other"),
    [
        *(("is_test", "test", "train"), ("isTest", "test", "train"), ("test", "test", "train")),
        *(("is_train", "train", "test"), ("in_train", "train", "test")),
        *(("is_val", "val", "train"), ("Validation", "val", "train")),
    ],
)
@pytest.mark.parametrize("flags", [("False", "True"), (0, 1), ("no", "yes"), ("f", "T")], ids=str)
def test_a_column_may_be_flags_of_one_part(name, part, other, flags):
    table(place=PLACES, **{name: [flags[row < 40] for row in range(N)]}, y=KINDS)
    parts = parts_of(by=name)
    rows = dict(zip(("train", "val", "test"), rows_in(parts), strict=True))
    missing = ({"train", "val", "test"} - {part, other}).pop()
    own = {one: set(rows[one]) | (set(rows[missing]) if one == "train" else set()) for one in rows}
    assert own[part] == set(range(40))
    assert own[other] == set(range(40, N))
    assert f"{flags[1]} is {part}" in parts.report.split


@pytest.mark.parametrize("flags", [(0, 1), ("a", "b"), ("False", "True")], ids=str)
def test_two_values_that_name_no_parts_are_refused(flags):
    table(place=PLACES, half=[flags[row < 40] for row in range(N)], y=KINDS)
    assert "too few for groups; a column of parts has train, val and test" in refusal(by="half")


def test_folds_are_groups_where_the_user_says_so():
    folds = [row % 5 for row in range(N)]
    table(place=PLACES, fold=folds, y=KINDS)
    assert "data.split.kind=groups" in refusal(by="fold")
    assert "none of the 5" in parts_of(by="fold", kind="groups").report.split


def test_later_rows_are_tested_where_a_column_has_times():
    days = [date(2026, 1, 1) + timedelta(days=int(day)) for day in RNG.permutation(N)]
    table(place=PLACES, day=[day.strftime("%d.%m.%Y") for day in days], y=RNG.normal(size=N))
    parts = parts_of(by="day")
    order = np.argsort(days).tolist()
    assert rows_in(parts) == [sorted(order[:70]), sorted(order[70:85]), sorted(order[85:])]
    assert "by time: day" in parts.report.split


@pytest.mark.parametrize("kind", ["numbers", "words"])
def test_rows_of_a_group_stay_together(kind):
    groups = [row * row % 17 if kind == "numbers" else f"p{row * row % 17}" for row in range(N)]
    table(place=PLACES, patient=groups, y=KINDS)
    parts = parts_of(by="patient", kind="groups")
    seen = [{groups[row] for row in rows} for rows in rows_in(parts)]
    assert not seen[0] & seen[1]
    assert not seen[0] & seen[2]
    assert not seen[1] & seen[2]
    assert "none of the 9 of patient is in two parts" in parts.report.split


def test_words_are_groups_by_themselves():
    table(place=PLACES, patient=[f"p{row % 20}" for row in range(N)], y=KINDS)
    assert "by groups" in parts_of(by="patient").report.split


def test_the_column_that_decides_is_no_feature():
    table(place=PLACES, patient=[f"p{row % 20}" for row in range(N)], y=KINDS)
    data = CSVTable(path="t.csv", target="y", batch_size=4, split={"by": "patient"})
    assert data.spec.input_shape == (1,)


@pytest.mark.parametrize(
    ("split", "reason"),
    [
        ({"by": "zzz"}, "split.by: no column `zzz`; the columns: place, n, t, e, one, y"),
        ({"by": "y"}, "split.by: is the target"),
        ({"by": "n"}, "data.split.kind=time or data.split.kind=groups"),
        ({"by": "e"}, "split.by: column `e` is empty in 100 rows"),
        ({"by": "t", "kind": "parts"}, "names no part"),
        ({"by": "t", "kind": "time"}, "is no time that can be told"),
        ({"by": "one"}, "split.by: column `one` has `w` only, too few for groups"),
        ({"by": "one", "kind": "groups"}, "split.by: has 1 groups"),
        ({"kind": "time"}, "split.kind: says what a column is, and split.by names none"),
        ({"kind": "times"}, "split.kind: must be one of parts, time, groups"),
        ({"bye": "t"}, "split.bye: no such key; did you mean `by`?"),
        ({"fractions": [0.5, 0.5]}, "split.fractions: must be three"),
    ],
    ids=str,
)
def test_what_can_not_decide_is_refused(split, reason):
    words = [f"w{row % 30}" for row in range(N)]
    table(place=PLACES, n=range(N), t=words, e=[""] * N, one=["w"] * N, y=KINDS)
    assert reason in refusal(**split)


def test_a_training_part_of_one_class_is_refused():
    names = ["train" if kind == "rare" else "test" for kind in KINDS]
    table(place=PLACES, part=names, y=KINDS)
    assert "one class only in the training part" in refusal(by="part")


def test_a_class_that_a_part_has_no_row_of_is_said():
    table(place=PLACES, y=["once" if row == 7 else "uv"[row % 2] for row in range(N)])
    warnings = parts_of().report.warnings
    assert "the validation part has no row of class `once`" in warnings
    assert "the test part has no row of class `once`" in warnings
