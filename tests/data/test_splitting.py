"""Each row is in one part; classes, groups and times are kept as the split promises."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leyden.data.class_splits import split_labelled
from leyden.data.errors import DataError
from leyden.data.report import DataReport
from leyden.data.split_names import split_named
from leyden.data.splitting import (
    SplitRule,
    draw_rows,
    split_by_groups,
    split_by_names,
    split_by_time,
    split_sizes,
)

lengths = st.integers(6, 300)
fractions = st.sampled_from([(0.8, 0.1, 0.1), (0.7, 0.15, 0.15), (0.5, 0.25, 0.25)])


def assert_all_once(parts, length):
    assert torch.cat(parts).sort().values.tolist() == list(range(length))


@given(st.lists(st.integers(0, 5), min_size=6, max_size=300), fractions)
def test_each_class_has_its_share_in_each_part(classes, fractions):
    labels, sizes = torch.tensor(classes), split_sizes(len(classes), fractions)
    parts = draw_rows(len(labels), sizes, labels=labels)
    assert_all_once(parts, len(labels))
    assert tuple(map(len, parts)) == sizes
    for part, size in zip(parts[1:], sizes[1:], strict=True):
        counts = torch.bincount(labels[part], minlength=6)
        due = torch.bincount(labels, minlength=6) * size / len(labels)
        assert (counts - due).abs().max() <= 6  # each smaller class may take one that is not due


@given(st.lists(st.integers(3, 40), min_size=2, max_size=5))
def test_a_class_of_three_rows_is_in_every_part_that_has_room(counts):
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    sizes = split_sizes(len(labels), (0.5, 0.25, 0.25))
    parts = draw_rows(len(labels), sizes, labels=labels)
    if sizes[1] >= len(counts) and sizes[2] >= len(counts):
        for part in parts:
            assert set(labels[part].tolist()) == set(range(len(counts)))


def test_a_class_of_one_row_is_trained_on():
    labels = torch.tensor([0] * 19 + [1])
    assert 19 in draw_rows(20, (14, 3, 3), labels=labels)[0].tolist()


@given(lengths, fractions)
def test_the_sizes_of_the_parts_make_up_the_whole(length, fractions):
    sizes = split_sizes(length, fractions)
    assert sum(sizes) == length
    assert all(abs(size - length * share) < 1 for size, share in zip(sizes, fractions, strict=True))


@given(st.lists(st.integers(0, 30), min_size=20, max_size=200))
def test_groups_stay_together(groups):
    codes = torch.tensor(groups).unique(return_inverse=True)[1]
    if codes.max() < 2:
        with pytest.raises(DataError, match="groups"):
            split_by_groups(codes, (14, 3, 3))
        return
    parts = split_by_groups(codes, split_sizes(len(codes), (0.7, 0.15, 0.15)))
    assert_all_once(parts, len(codes))
    train, val, test = (set(codes[part].tolist()) for part in parts)
    assert len(train) + len(val) + len(test) == len(train | val | test)
    assert train
    assert val
    assert test


def test_many_groups_of_one_size_are_dealt_by_the_shares():
    parts = split_by_groups(torch.arange(200) // 2, (140, 30, 30))
    assert list(map(len, parts)) == [140, 30, 30]


@given(st.lists(st.integers(0, 1000), min_size=30, max_size=200, unique=True))
def test_what_is_tested_comes_after_what_is_trained_on(times):
    keys = torch.tensor(times)
    train, val, test = split_by_time(keys, split_sizes(len(keys), (0.7, 0.15, 0.15)))
    assert keys[train].max() < keys[val].min()
    assert keys[val].max() < keys[test].min()


def test_rows_of_one_time_are_not_torn_apart():
    train, val, test = split_by_time(torch.tensor([1, 1, 2, 2, 2, 3, 3, 4, 4, 4]), (4, 3, 3))
    assert (train.tolist(), val.tolist(), test.tolist()) == ([0, 1, 2, 3, 4], [5, 6], [7, 8, 9])


def test_a_column_names_the_parts_in_any_case():
    names = ["Train", "train ", "VALIDATION", "test", "training", "dev"]
    assert [rows.tolist() for rows in split_by_names(names, (0.8, 0.1, 0.1))] == [
        [0, 1, 4],
        [2, 5],
        [3],
    ]


def test_a_part_that_a_column_lacks_is_drawn_from_the_training_rows():
    parts = split_by_names(["train"] * 40 + ["test"] * 10, (0.8, 0.1, 0.1))
    assert_all_once(parts, 50)
    assert parts[2].tolist() == list(range(40, 50))
    assert len(parts[1]) == 4


def test_a_name_of_no_part_is_refused():
    with pytest.raises(DataError, match="`1` names no part"):
        split_by_names(["train", "1"], (0.8, 0.1, 0.1))


@pytest.mark.parametrize("word", ["valid", "Valid", "VAL", "validation", "dev"])
def test_validation_has_many_names(word):
    assert split_named(word) == "val"


@pytest.mark.parametrize(
    "given_key",
    [{"bye": "x"}, {"kind": "x"}, {"fractions": [1, 2]}, {"fractions": [0.5, 0.5, 0.5]}],
)
def test_a_key_that_does_not_fit_is_refused(given_key):
    with pytest.raises(DataError):
        SplitRule.of(given_key, fractions=(0.8, 0.1, 0.1))


def test_where_there_are_no_columns_there_is_nothing_to_split_by():
    with pytest.raises(DataError, match="no columns"):
        split_labelled({"by": "x"}, torch.zeros(20).long(), (0.8, 0.1, 0.1), DataReport())
