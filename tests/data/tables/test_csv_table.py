from pathlib import Path

import numpy as np
import pytest
import torch

from leyden.data import DataError
from leyden.data.splitting import draw_rows
from leyden.data.tables.csv_table import CSVTable

N = 40
TRAIN, VAL, TEST = (rows.tolist() for rows in draw_rows(N, (28, 6, 6)))  # 70, 15 and 15 %
CLASSES = ["b", "a"] * (N // 2)
NUMBERS = [number * 17 % N * 1.5 - 20 for number in range(N)]  # in no order


def table(*, separator=",", **columns):
    """A file of these columns; None is an empty cell."""
    lines = [separator.join(columns)]
    for row in zip(*columns.values(), strict=True):
        lines.append(separator.join("" if cell is None else str(cell) for cell in row))
    Path("table.csv").write_text("\n".join(lines) + "\n")


def make(target="y", **options):
    """Of rows that are drawn, as `TRAIN`, `VAL` and `TEST` are."""
    defaults = {"batch_size": 4, "split": {"stratified": False}}
    return CSVTable(path="table.csv", target=target, **(defaults | options))


def rows_of(parts, what="features"):
    """Features or targets of all rows, in the order of the file."""
    split_rows = torch.cat([getattr(part, what) for part in (parts.train, parts.val, parts.test)])
    whole = torch.empty_like(split_rows)
    whole[TRAIN + VAL + TEST] = split_rows
    return whole


def scaled(numbers):
    """By the mean and deviation of the training rows."""
    numbers = np.array(numbers, dtype=float)
    return (numbers - numbers[TRAIN].mean()) / numbers[TRAIN].std(ddof=1)


def feature(number=0, **options):
    return rows_of(make(**options).splits)[:, number].tolist()


def refusal(**options):
    with pytest.raises(DataError) as raised:
        make(**options).load()
    return raised.value.key, str(raised.value)


def test_the_parts_are_70_15_and_15_percent():
    table(x=NUMBERS, y=CLASSES)
    parts = make().splits
    assert [len(part) for part in (parts.train, parts.val, parts.test)] == [28, 6, 6]


def test_the_split_does_not_depend_on_the_seed():
    table(x=NUMBERS, y=CLASSES)
    one, other = (make(seed=seed).splits.val.features for seed in (0, 1))
    assert torch.equal(one, other)


@pytest.mark.parametrize("numbers", [NUMBERS, list(range(N))])
def test_numbers_are_scaled_by_the_training_rows_alone(numbers):
    numbers = [1e4 if row in VAL + TEST else number for row, number in enumerate(numbers)]
    table(x=numbers, y=CLASSES)
    assert feature() == pytest.approx(scaled(numbers))


def test_a_number_that_never_changes_is_0():
    table(x=[7] * N, y=CLASSES)
    assert feature() == [0] * N


def test_a_missing_number_is_the_training_median():
    gaps = [TRAIN[0], VAL[0]]
    # The validation rows do not move the median.
    numbers = [1e4 if row in VAL else number for row, number in enumerate(NUMBERS)]
    median = np.median([numbers[row] for row in TRAIN if row not in gaps])
    filled = [median if row in gaps else number for row, number in enumerate(numbers)]
    table(x=[None if row in gaps else n for row, n in enumerate(numbers)], y=CLASSES)
    assert feature() == pytest.approx(scaled(filled))


def test_what_missing_numbers_become_is_said():
    table(x=[None, None, *[3] * (N - 2)], y=CLASSES)
    report = make().splits.report
    assert (report.column("x").num_missing, report.column("x").filled) == (2, "3 (median)")
    assert "missing cells: x 2 as 3 (median)" in report.lines()


def test_each_category_is_a_feature_of_its_own():
    colours = (["red", "blue", "red", "green"] * N)[:N]
    table(x=colours, y=CLASSES)
    expected = [[int(colour == name) for name in ("blue", "green", "red")] for colour in colours]
    assert rows_of(make().splits).tolist() == expected


def test_a_missing_category_is_one_of_them():
    table(x=(["red", None] * N)[:N], y=CLASSES)
    parts = make().splits
    assert rows_of(parts).tolist() == [[0, 1], [1, 0]] * (N // 2)
    column = parts.report.column("x")
    assert (column.made, column.num_missing, column.filled) == ("2 categories", 20, "a category")


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "-", "?", "inf"])
def test_of_a_text_no_word_is_missing(word):
    table(x=(["red", word] * N)[:N], y=CLASSES[::-1])
    parts = make().splits
    first, second = sorted(["red", word])
    cells = (["red", word] * N)[:N]
    assert rows_of(parts).tolist() == [[cell == first, cell == second] for cell in cells]
    assert parts.report.column("x").missing == {}


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "True"])
def test_a_class_may_be_called_by_any_word(word):
    table(x=NUMBERS, y=[word, "Apnea"] * (N // 2))
    parts = make().splits
    assert set(parts.spec.class_names) == {word, "Apnea"}
    assert parts.report.rows_left_out == {}


def test_a_category_that_is_not_trained_on_is_none_of_them():
    table(x=["rare" if row == VAL[0] else "red" for row in range(N)], y=CLASSES)
    assert feature() == [int(row != VAL[0]) for row in range(N)]


def test_true_and_false_are_two_categories():
    table(x=[True, False] * (N // 2), y=CLASSES)
    assert rows_of(make().splits).tolist() == [[0, 1], [1, 0]] * (N // 2)


def test_columns_keep_their_order():
    table(z=NUMBERS, y=CLASSES, a=["u", "u", "v", "v"] * (N // 4), x=NUMBERS[::-1])
    rows = rows_of(make().splits)
    assert rows.shape == (N, 4)
    assert rows[:, 0].tolist() == pytest.approx(scaled(NUMBERS))
    assert rows[:, 3].tolist() == pytest.approx(scaled(NUMBERS[::-1]))


def test_of_the_features_that_are_named_no_other_is_taken():
    table(x=NUMBERS, z=NUMBERS[::-1], w=NUMBERS, y=CLASSES)
    data = make(features=("z",))
    assert data.spec.input_shape == (1,)
    assert feature(features=("z",)) == pytest.approx(scaled(NUMBERS[::-1]))


NAMES = [f"n{row // 2}" for row in range(N)]
NUM_NAMES = N // 2


def test_a_column_of_many_texts_is_left_out_and_noted():
    table(name=NAMES, x=NUMBERS, y=CLASSES)
    parts = make(max_categories=10).splits
    assert parts.spec.input_shape == (1,)
    column = parts.report.column("name")
    assert (column.role, column.reason) == (
        "left out",
        "has 20 different texts (data.max_categories)",
    )


def test_a_column_of_as_many_texts_as_may_be_is_kept():
    table(name=NAMES, y=CLASSES)
    assert make(max_categories=NUM_NAMES).spec.input_shape == (len({NAMES[row] for row in TRAIN}),)


def test_an_empty_column_is_left_out_and_noted():
    table(x=NUMBERS, z=[None] * N, y=CLASSES)
    parts = make().splits
    assert parts.spec.input_shape == (1,)
    assert parts.report.column("z").reason == "is empty"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("name", "has 20 different texts"),
        ("z", "is empty"),
        ("y", "is the target"),
        ("w", "no column `w`; the columns: x, name, z, y"),
    ],
)
def test_a_feature_that_is_named_and_can_not_be_used_is_refused(name, reason):
    table(x=NUMBERS, name=NAMES, z=[None] * N, y=CLASSES)
    key, message = refusal(features=("x", name), max_categories=10)
    assert key == "features"
    assert reason in message


@pytest.mark.parametrize("features", [None, ()])
def test_a_table_without_any_feature_is_refused(features):
    table(z=[None] * N, y=CLASSES)
    assert refusal(features=features) == ("features", "no column is left to predict from")


def test_an_unknown_target_is_refused_with_the_columns_there_are():
    table(x=NUMBERS, y=CLASSES)
    assert refusal(target="Y") == ("target", "no column `Y`; the columns: x, y")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["red", "blue"], ("blue", "red")),
        ([10, 9], ("9", "10")),
        ([True, False], ("False", "True")),
    ],
)
def test_classes_are_sorted(values, names):
    table(x=NUMBERS, y=values * (N // 2))
    data = make()
    assert (data.spec.task, data.spec.class_names) == ("classification", names)
    expected = [names.index(str(value)) for value in values] * (N // 2)
    assert rows_of(data.splits, "targets").tolist() == expected


@pytest.mark.parametrize(
    ("target", "task", "num_outputs"),
    [
        ([row % 20 for row in range(N)], "classification", 20),
        ([row % 21 for row in range(N)], "regression", 1),
        ([row % 2 / 2 for row in range(N)], "regression", 1),
        (CLASSES, "classification", 2),
    ],
    ids=["20 whole numbers", "21 whole numbers", "2 fractions", "texts"],
)
def test_the_task_is_guessed_from_the_target(target, task, num_outputs):
    table(x=NUMBERS, y=target)
    assert (make().spec.task, make().spec.num_outputs) == (task, num_outputs)


@pytest.mark.parametrize(("task", "num_outputs"), [("classification", 21), ("regression", 1)])
def test_the_user_may_say_the_task(task, num_outputs):
    table(x=NUMBERS, y=[row % 21 for row in range(N)])
    assert (make(task=task).spec.task, make(task=task).spec.num_outputs) == (task, num_outputs)


def test_regression_on_text_is_refused():
    table(x=NUMBERS, y=CLASSES)
    key, message = refusal(task="regression")
    assert key == "task"
    assert "`y` holds text" in message


def test_targets_scaled_back_are_the_numbers_of_the_file():
    table(x=NUMBERS, y=[number**2 for number in NUMBERS])
    data = make()
    targets = rows_of(data.splits, "targets") * data.spec.target_std + data.spec.target_mean
    assert targets.shape == (N, 1)
    assert targets[:, 0].tolist() == pytest.approx([number**2 for number in NUMBERS], abs=1e-3)


def test_targets_are_scaled_by_the_training_rows_alone():
    numbers = [1e4 if row in VAL + TEST else number for row, number in enumerate(NUMBERS)]
    table(x=NUMBERS, y=numbers)
    targets = rows_of(make().splits, "targets")
    assert targets[:, 0].tolist() == pytest.approx(scaled(numbers))


def test_the_target_has_its_columns_name():
    table(x=NUMBERS, price=NUMBERS)
    assert make(target="price").spec.target_name == "price"


@pytest.mark.parametrize("target", [CLASSES, NUMBERS], ids=["classes", "numbers"])
def test_rows_without_a_target_are_left_out_and_noted(target):
    gaps = [3, 7]
    shorter = [value for row, value in enumerate(target) if row not in gaps]
    table(x=[NUMBERS[row] for row in range(N) if row not in gaps], y=shorter)
    without = make().splits
    table(x=NUMBERS, y=[None if row in gaps else v for row, v in enumerate(target)])
    parts = make().splits
    assert torch.equal(parts.train.features, without.train.features)
    assert torch.equal(parts.test.targets, without.test.targets)
    assert parts.report.rows_left_out == {"without y": 2}


@pytest.mark.parametrize("kept", [0, 9])
def test_fewer_than_ten_rows_are_refused(kept):
    table(x=NUMBERS, y=[1.5] * kept + [None] * (N - kept))
    key, message = refusal()
    assert key == "path"
    assert f"{kept} rows with a target are too few" in message


@pytest.mark.parametrize(
    ("sign", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
@pytest.mark.parametrize("is_said", [True, False])
def test_cells_may_be_separated_by_another_sign(sign, name, is_said):
    table(x=NUMBERS, y=CLASSES, separator=sign)
    assert feature(separator=name if is_said else None) == pytest.approx(scaled(NUMBERS))


def test_numbers_may_have_a_decimal_comma():
    table(x=[str(n).replace(".", ",") for n in NUMBERS], y=CLASSES, separator=";")
    assert feature(decimal="comma") == pytest.approx(scaled(NUMBERS))


def target_refusal(*cells, **options):
    table(x=NUMBERS, y=cells)
    with pytest.raises(DataError) as raised:
        make(**options).load()
    return raised.value.key, str(raised.value)


def test_a_slip_among_numbers_makes_no_classes_of_them():
    key, message = target_refusal(*NUMBERS[1:], "unknown")
    assert key == "target"
    assert "`unknown`" in message


@pytest.mark.parametrize(
    ("cells", "hint"),
    [
        (["1,0", "1,3", "1,7", "2,0"], "data.decimal=comma reads 1;"),
        (["1.299,00", "999,00"], "data.decimal=comma data.thousands=point reads 1299;"),
        (["1,000", "2,500"], "data.thousands=comma reads 1000, data.decimal=comma reads 1;"),
        (["-3", "(5)", "(6)", "7"], "leave the bare number"),
        (["5%", "10%", "12"], "leave the bare number"),
        (["3 mm", "4 mm", "5 kg"], "leave the bare number"),
        (["1", "2", "3", "4", "<1", "6 (est.)"], "data.missing=['<1','6 (est.)']"),
        (["0", "1", "yes"], "data.missing=[yes]"),
    ],
)
def test_few_different_cells_that_are_nearly_numbers_make_no_classes(cells, hint):
    table(x=range(N), y=(cells * N)[:N], separator=";")
    key, message = refusal()
    assert key == "target"
    assert hint in message
    assert message.endswith("data.task=classification takes each text for a class")
    assert set(make(task="classification").spec.class_names) == set(cells)


@pytest.mark.parametrize(
    "cells", [["1-3", "4-6"], ["<=50K", ">50K"], ["1st", "2nd"], ["5a", "6b"], ["A1", "B2"]]
)
def test_names_with_digits_are_classes(cells):
    table(x=NUMBERS, y=cells * (N // 2))
    assert make().spec.class_names == tuple(sorted(cells))


def test_texts_too_many_for_classes_are_refused():
    key, message = target_refusal(*(f"n{row}" for row in range(N)))
    assert key == "target"
    assert "40 different texts, too many for classes" in message


@pytest.mark.parametrize(("cells", "said"), [(CLASSES, "2 classes"), (NUMBERS, "numbers")])
def test_what_is_made_of_the_target_is_said(cells, said):
    table(x=NUMBERS, y=cells)
    assert any("target y" in note and said in note for note in make().splits.report.notes)


def test_the_spec_is_that_of_the_batches():
    table(x=NUMBERS, z=["u", "u", "v", "v"] * (N // 4), y=CLASSES)
    data = make()
    assert (data.spec.kind, data.spec.input_shape) == ("table", (3,))
    assert data.splits.train.features.shape == (28, 3)
    assert data.splits.train.targets.dtype == torch.int64


def test_a_feature_that_does_not_vary_in_training_is_not_blown_up():
    varying = [float(row == VAL[0]) for row in range(N)]
    table(x=varying, y=NUMBERS)
    assert max(abs(number) for number in feature()) == 1


def test_classes_that_are_whole_numbers_keep_their_names_where_some_are_missing():
    table(x=NUMBERS, y=[None, *([0, 1] * N)][:N])
    assert make().spec.class_names == ("0", "1")


def test_classes_of_numbers_and_names_are_told_apart():
    table(x=NUMBERS, y=["u", *([0, 1] * N)][:N])
    assert make(task="classification").spec.class_names == ("0", "1", "u")


def test_a_target_of_one_class_is_refused():
    table(x=NUMBERS, y=["same"] * N)
    with pytest.raises(DataError, match="one value only") as raised:
        make().load()
    assert raised.value.key == "target"


def test_why_numbers_are_text_is_said_where_they_can_not_be_predicted():
    table(x=NUMBERS, y=[2**60 + row for row in range(N)])
    key, message = refusal(task="regression")
    assert key == "task"
    assert "has more digits than a number of 64 bits keeps" in message


@pytest.mark.parametrize("word", ["NA", "N/A", "\\N", "NaN", "NULL", "?", "<NA>"])
def test_a_class_that_programs_write_for_missing_is_said_with_what_to_type(word):
    classes = [("yes", "no", word)[row % 3] for row in range(N)]
    table(x=NUMBERS, y=classes)
    data = make()
    assert set(data.spec.class_names) == {"yes", "no", word}
    typed = word if word == "NA" else f"'{word}'".replace("\\", "\\\\")
    said = f"class `{word}` has {classes.count(word)} rows, and may stand for a missing value"
    warning = next(one for one in data.report.warnings if one.startswith(said))
    assert f'"data.missing=[{typed}]"' in warning
    assert make(missing=(word,)).spec.class_names == ("no", "yes")


@pytest.mark.parametrize("word", ["None", "none", "missing", "-", "*", "nil"])
def test_a_class_that_people_may_mean_is_not_said(word):
    table(x=NUMBERS, y=["yes", word] * (N // 2))
    assert make().report.warnings == []
