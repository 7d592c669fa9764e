"""Rows that come after training are read as the training rows were."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from leyden.data import CSVTable, DataError
from leyden.data.tables.new_rows import read_new_rows

COUNT = 60
RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "age": RANDOM.integers(18, 90, COUNT).astype(float),
        "weight": [f"{value:.1f} kg" for value in RANDOM.uniform(50, 90, COUNT)],
        "town": RANDOM.choice(["Bonn", "Köln", ""], COUNT),
        "member": RANDOM.choice(["true", "False", "TRUE"], COUNT),
        "joined": pd.date_range("2024-01-03", periods=COUNT, freq="29h").strftime("%d.%m.%Y %H:%M"),
        "zip": RANDOM.choice([50667, 53111], COUNT),
        "churn": RANDOM.choice(["no", "yes"], COUNT),
    }
)
TABLE.loc[[3, 7], "age"] = np.nan


def data_of(path, **more):
    given = {"target": "churn", "categories": ("zip",), "missing_indicator": True, **more}
    return CSVTable(path=str(path), batch_size=8, **given)


def written(folder, frame=TABLE, name="table.csv", **how):
    path = Path(folder) / name
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, **how)
    return path


def inputs_of_training(data):
    """All rows in the order of the file, found by their features."""
    splits = data.splits
    parts = [part.features for _, part in splits]
    return torch.cat(parts)


def read(path, data, size=7, **how):
    blocks = list(read_new_rows(Path(path), data.splits.preparation, size=size, **how))
    assert [block.first for block in blocks] == list(range(1, COUNT + 1, size))[: len(blocks)]
    return blocks


def assert_same_rows(blocks, data):
    assert not any(block.problems for block in blocks)
    found = torch.cat([block.inputs for block in blocks])
    expected = inputs_of_training(data)
    assert found.shape == expected.shape
    assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in expected.tolist()}


@pytest.mark.parametrize("size", [1, 7, COUNT])
def test_the_training_file_read_again_gives_the_training_inputs(size, tmp_path):
    path = written(tmp_path)
    data = data_of(path)
    assert_same_rows(read(path, data, size), data)


DATES = pd.Series(pd.date_range("1945-02-03", periods=COUNT, freq="299D"))
DATE_FORMS = {
    "day first": ("%d/%m/%Y", False),
    "month first": ("%m/%d/%Y", False),
    "two digits of the year": ("%d.%m.%y", False),
    "two digits of the year, typed": ("%d.%m.%y", True),
    "names of months": ("%d %b %y", False),
    "in the afternoon": ("%m/%d/%Y %I:%M %p", False),
    "numbers": ("%Y%m%d", False),
    "ISO": ("%Y-%m-%d", False),
    "weeks": ("%G-W%V", False),
    "a form of one's own": ("%Y|%d|%m", True),
}


@pytest.mark.parametrize("name", DATE_FORMS)
def test_a_date_alone_is_the_date_that_it_was_among_all(name, tmp_path):
    form, is_typed = DATE_FORMS[name]
    table = TABLE[["age", "churn"]].assign(joined=DATES.dt.strftime(form))
    path = written(tmp_path, table)
    data = data_of(path, categories=(), time_format=form if is_typed else None)
    (whole,) = read(path, data, COUNT)
    assert_same_rows([whole], data)
    alone = read(path, data, 1)
    assert_same_rows(alone, data)
    assert torch.equal(torch.cat([block.inputs for block in alone]), whole.inputs)


@pytest.mark.parametrize(
    ("born", "year"), [("12.03.45", 1945), ("12.03.40", 1940), ("12.03.00", 2000)]
)
def test_a_year_of_two_digits_is_in_the_century_around_the_training_rows(born, year, tmp_path):
    table = TABLE[["age", "churn"]].assign(joined=DATES.dt.strftime("%d.%m.%y"))
    data = data_of(written(tmp_path, table), categories=())
    new = pd.DataFrame({"age": [30], "joined": [born]})
    (block,) = read_new_rows(written(tmp_path, new, "new.csv"), data.splits.preparation, size=1)
    (encoder,) = [one for one in data.splits.preparation.encoders if one.name == "joined"]
    seconds = pd.Timestamp(year, 3, 12).timestamp()
    expected = (seconds - encoder.scaling.mean) / encoder.scaling.std
    # The age and whether it is missing come before.
    assert block.inputs[0, 2].item() == pytest.approx(expected, rel=1e-5)


def test_columns_may_stand_in_any_order_without_the_target_and_with_others(tmp_path):
    data = data_of(written(tmp_path))
    other = TABLE[TABLE.columns[::-1]].drop(columns="churn").assign(more=1)
    assert_same_rows(read(written(tmp_path, other, "other.csv", sep=";"), data), data)


def test_a_parquet_file_has_the_same_inputs_as_text(tmp_path):
    data = data_of(written(tmp_path))
    typed = TABLE.assign(
        weight=TABLE["weight"].str.removesuffix(" kg").astype(float),
        joined=pd.to_datetime(TABLE["joined"], format="%d.%m.%Y %H:%M"),
        town=TABLE["town"].replace("", None),
    )
    assert_same_rows(read(written(tmp_path, typed, "typed.parquet"), data), data)


WRONG = {
    "no number": ({"age": "old"}, "age: `old` is no number"),
    "another unit": ({"weight": "60 lb"}, "weight: `60 lb` is no number"),
    "an unseen category": ({"town": "Ulm"}, "town: no training row has `Ulm`"),
    "an unseen number as a category": ({"zip": "10115"}, "zip: no training row has `10115`"),
    "a missing flag": ({"member": ""}, "member is missing, which it is in no training row"),
    "another form of time": ({"joined": "2024-01-03 05:00"}, "joined: `2024-01-03 05:00` is none"),
    "no time": ({"joined": "soon"}, "joined: `soon` is none of dates by %d.%m.%Y %H:%M"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_cell_that_can_not_be_read_is_a_problem_of_its_row_alone(name, tmp_path):
    cells, problem = WRONG[name]
    path = written(tmp_path)
    data = data_of(path)
    frame = TABLE.astype(object)
    frame.loc[10, list(cells)] = list(cells.values())
    (block,) = read(written(tmp_path, frame, "wrong.csv"), data, size=COUNT)
    assert list(block.problems) == [10]
    assert block.problems[10].startswith(problem)
    others = [row for row in range(COUNT) if row != 10]
    (whole,) = read(path, data, size=COUNT)
    assert torch.equal(block.inputs[others], whole.inputs[others])


def test_missing_numbers_are_filled_as_in_training_and_counted(tmp_path):
    path = written(tmp_path)
    data = data_of(path)
    frame = TABLE.astype({"age": object})
    frame.loc[[0, 20], "age"] = "n/a"
    (block,) = read(written(tmp_path, frame, "gaps.csv"), data, size=COUNT)
    assert not block.problems
    assert block.filled == {"age": 4}
    assert torch.equal(block.inputs[0, 0], block.inputs[3, 0])


def test_a_missing_number_is_a_problem_where_none_is_filled(tmp_path):
    path = written(tmp_path, TABLE.dropna())
    data = data_of(path, impute="refuse", missing_indicator=False)
    blocks = list(
        read_new_rows(written(tmp_path, TABLE, "gaps.csv"), data.splits.preparation, size=99)
    )
    assert blocks[0].problems == {3: "age is missing", 7: "age is missing"}


def test_a_row_with_other_cells_than_names_is_a_problem_of_that_row(tmp_path):
    data = data_of(written(tmp_path))
    lines = written(tmp_path, name="uneven.csv").read_text().splitlines()
    lines[5] = "1,2"
    (tmp_path / "uneven.csv").write_text("\n".join(lines))
    (block,) = read(tmp_path / "uneven.csv", data, size=COUNT)
    assert block.problems == {4: "has 2 cells, and 7 columns are named"}


def test_a_missing_column_is_named_with_the_nearest(tmp_path):
    data = data_of(written(tmp_path))
    other = written(tmp_path, TABLE.rename(columns={"age": "Age"}), "other.csv")
    with pytest.raises(DataError, match="lacks the column `age`; did you mean `Age`"):
        read(other, data)
    (block, *_) = read(other, data, may_lack=True)
    assert block.filled["age"] == 7


def test_a_file_without_rows_or_without_names_is_refused(tmp_path):
    data = data_of(written(tmp_path))
    for text, some in (("age,weight\n", "age, weight"), ("31,60 kg,Bonn\n", "31, 60 kg, Bonn")):
        (tmp_path / "odd.csv").write_text(text)
        with pytest.raises(DataError, match=f"has no rows below the names .{some}"):
            read(tmp_path / "odd.csv", data)


@pytest.mark.parametrize("ending", ["", ".gz", ".xz", ".bz2", ".zip"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_one_row_in_any_packing_and_with_any_separator_is_read(ending, separator, tmp_path):
    data = data_of(written(tmp_path))
    (expected,) = read(written(tmp_path, TABLE[:1], "one.csv"), data)
    TABLE[:1].to_csv(tmp_path / f"one.csv{ending}", index=False, sep=separator)
    (found,) = read(tmp_path / f"one.csv{ending}", data)
    assert torch.equal(found.inputs, expected.inputs)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_the_encoding_of_the_run_reads_new_files(encoding, tmp_path):
    path = written(tmp_path, name="cp.csv", encoding=encoding)
    data = data_of(path, encoding=encoding)
    assert_same_rows(read(path, data), data)
