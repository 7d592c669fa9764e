"""Folds beside scikit-learn's, and what must hold of all of them."""

import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset, DatasetDict
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from leyden.data import BatchIndices, CSVSeries, CSVTable, DataError, Digits, HFDataset, ImageArrays
from leyden.data.folds import Fold, with_fold
from leyden.data.report import DataReport
from leyden.data.splitting import draw_rows, split_by_groups, split_sizes


@given(
    count=st.integers(30, 120),
    folds=st.integers(2, 7),
    num_groups=st.none() | st.integers(12, 25),
    has_labels=st.booleans(),
    seed=st.integers(0, 9),
)
@settings(max_examples=40)
def test_each_row_validates_once_as_in_scikit_learn(count, folds, num_groups, has_labels, seed):
    random = np.random.default_rng(seed)
    labels = torch.from_numpy(random.integers(0, 2, count)) if has_labels else None
    groups = None
    if num_groups is not None:
        groups = torch.from_numpy(
            np.concatenate(
                [np.arange(num_groups), random.integers(0, num_groups, count - num_groups)]
            )
        )
    sizes = split_sizes(count, (0.7, 0.15, 0.15))
    parts = draw_rows(count, sizes) if groups is None else split_by_groups(groups, sizes)
    pool = torch.cat(parts[:2]).sort().values.numpy()
    if groups is not None and len(np.unique(groups[pool])) < folds:
        return
    own_labels = None if labels is None else labels[pool].numpy()
    own_groups = None if groups is None else groups[pool].numpy()
    kinds = {
        (0, 0): KFold,
        (1, 0): StratifiedKFold,
        (0, 1): GroupKFold,
        (1, 1): StratifiedGroupKFold,
    }
    kind = kinds[int(has_labels), int(groups is not None)]
    wanted = list(kind(folds, shuffle=True, random_state=0).split(pool, own_labels, own_groups))
    validated = []
    for number, (train, val) in enumerate(wanted, start=1):
        found = with_fold(parts, Fold(number, folds), DataReport(), labels=labels, groups=groups)
        assert found[0].tolist() == pool[train].tolist()
        assert found[1].tolist() == pool[val].tolist()
        assert torch.equal(found[2], parts[2])
        if groups is not None:
            sides = [set(groups[part].tolist()) for part in found]
            assert sides[0].isdisjoint(sides[1] | sides[2])
            assert sides[1].isdisjoint(sides[2])
        validated += found[1].tolist()
    assert sorted(validated) == pool.tolist()


def table(tmp_path, *, count=120):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=count).round(3)})
    frame["patient"] = [f"p{k}" for k in random.integers(0, 30, count)]
    frame["ill"] = np.where(frame["x"] + random.normal(size=count) > 0, "yes", "no")
    frame.to_csv(tmp_path / "table.csv", index=False)
    return frame


def test_scales_are_of_the_rows_that_are_trained_on(tmp_path):
    frame = table(tmp_path)
    scales = set()
    for number in (1, 2, 3):
        split = {"fold": f"{number}/3"}
        data = CSVTable(path="table.csv", target="ill", batch_size=8, split=split)
        rows = BatchIndices(0, torch.arange(len(data.splits.train)))
        trained = data.splits.train[rows][0][:, 0].double()
        assert float(trained.mean()) == pytest.approx(0, abs=1e-5)
        scales.add(round(data.splits.preparation.encoders[0].scaling.mean, 6))
        assert f"fold {number} of 3 validates" in data.splits.report.split
    assert len(scales) == 3
    assert len(frame) == sum(map(len, (data.splits.train, data.splits.val, data.splits.test)))


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        ("0/5", "must be a number from 1 to 5"),
        ("6/5", "must be a number from 1 to 5"),
        ("1/1", "of 2 folds or more"),
        ("3", "must be such as 1/5"),
        ("one/5", "must be such as 1/5"),
        ("1/2000", "2000 folds need as many rows; there are 1617"),
    ],
)
def test_what_is_no_fold_is_refused(fold, message):
    with pytest.raises(DataError, match=message):
        Digits(batch_size=8, split={"fold": fold}).splits  # noqa: B018


def test_too_few_groups_are_told(tmp_path):
    table(tmp_path)
    split = {"fold": "1/28", "by": "patient"}
    data = CSVTable(path="table.csv", target="ill", batch_size=8, split=split)
    with pytest.raises(DataError, match="28 folds need as many groups; there are"):
        data.splits  # noqa: B018


def test_times_are_not_folded(tmp_path):
    days = pd.date_range("2026-01-01", periods=60).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": days, "x": range(60), "y": [k % 7 for k in range(60)]})
    frame.to_csv(tmp_path / "days.csv", index=False)
    split = {"fold": "1/3", "by": "day"}
    with pytest.raises(DataError, match="trained on what comes after"):
        CSVTable(path="days.csv", target="y", batch_size=8, split=split).splits  # noqa: B018
    series = CSVSeries(path="days.csv", target="y", time="day", batch_size=8, split={"fold": "1/3"})
    with pytest.raises(DataError, match="trained on what comes after"):
        series.splits  # noqa: B018


def test_a_table_that_names_its_validation_rows_is_not_folded(tmp_path):
    frame = table(tmp_path)
    split = {"fold": "1/3", "by": "part"}
    frame["part"] = ["train", "val", "train", "test"] * 30
    frame.to_csv("table.csv", index=False)
    with pytest.raises(DataError, match="give these samples the name of the training part"):
        CSVTable(path="table.csv", target="ill", batch_size=8, split=split).splits  # noqa: B018
    frame["part"] = ["train", "train", "train", "test"] * 30
    frame.to_csv("table.csv", index=False)
    parts = CSVTable(path="table.csv", target="ill", batch_size=8, split=split).splits
    assert [len(part) for _, part in parts] == [60, 30, 30]


def test_arrays_are_folded_unless_they_name_their_validation_part():
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (30, 5, 5), dtype=np.uint8), np.arange(30) % 3
    arrays = {"x_train": images, "y_train": labels, "x_test": images[:6], "y_test": labels[:6]}
    np.savez("a.npz", **arrays)
    data = ImageArrays(path="a.npz", batch_size=4, split={"fold": "2/3"})
    _, wanted = list(StratifiedKFold(3, shuffle=True, random_state=0).split(labels, labels))[1]
    assert data.splits.val.pixels[:, 0].tolist() == images[wanted].tolist()
    assert data.splits.test.labels.tolist() == labels[:6].tolist()
    np.savez("a.npz", **arrays, x_val=images[:9], y_val=labels[:9])
    again = ImageArrays(path="a.npz", batch_size=4, split={"fold": "2/3"})
    with pytest.raises(DataError, match="names its validation part"):
        again.splits  # noqa: B018


def test_mappings_of_hugging_face_are_folded_in_their_order(tmp_path):
    whole = Dataset.from_dict({"x": list(range(10))})
    DatasetDict({"train": whole, "test": whole}).save_to_disk(tmp_path / "d")
    wanted = list(KFold(4, shuffle=True, random_state=0).split(range(10)))
    for number, (train, val) in enumerate(wanted, start=1):
        data = HFDataset(path="d", split={"fold": f"{number}/4"})
        assert [int(one["x"]) for one in data.parts["train"]] == train.tolist()
        assert [int(one["x"]) for one in data.parts["val"]] == val.tolist()
        assert len(data.parts["test"]) == 10
        assert data.report.split == f"by the names of splits; fold {number} of 4 validates"
    with pytest.raises(DataError, match="leave it out"):
        HFDataset(path="d", val_share=0.1, split={"fold": "1/4"})
    DatasetDict({"train": whole, "validation": whole}).save_to_disk(tmp_path / "e")
    with pytest.raises(DataError, match="names its validation part"):
        HFDataset(path="e", split={"fold": "1/4"})
