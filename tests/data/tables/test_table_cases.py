"""Files as people have them; what is right is computed by pandas or by hand."""

import csv
import gzip
import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leyden.data.splitting import draw_rows, split_sizes
from leyden.data.tables.csv_table import CSVTable

SHORT = ("trainer.max_steps=3", "model.width=8", "callbacks.graph=null")


def table(name, names, rows, **options):
    with Path(name).open("w", newline="") as file:
        writer = csv.writer(file, **options)
        writer.writerow(names)
        writer.writerows(rows)


def make(path, target, **options):
    return CSVTable(path=path, target=target, batch_size=4, **options).splits


def targets_of(parts):
    """Numbers of the target, in the order of the file."""
    lengths = [len(part) for _, part in parts]
    order = np.concatenate([rows.numpy() for rows in draw_rows(sum(lengths), tuple(lengths))])
    assert split_sizes(sum(lengths), (0.7, 0.15, 0.15)) == tuple(lengths)
    scaled = np.concatenate([part.targets[:, 0].double().numpy() for _, part in parts])
    found = np.empty(len(order))
    found[order] = scaled * parts.spec.target_std + parts.spec.target_mean
    return found


def refusal(leyden, path, target, *overrides):
    """The one line with which a command is refused."""
    result = leyden("train", "data=csv", f"data.path={path}", f"data.target={target}", *overrides)
    assert result.status == 2
    assert not Path("outputs").exists()
    first, last = result.err.splitlines()
    assert last == "Nothing was started, nothing written."
    return first


# 01: commas between thousands


@pytest.fixture
def rent():
    rng = random.Random(1)
    rows = [(rng.randint(50, 250), rng.randint(1, 6)) for _ in range(200)]
    table("rent.csv", ["area", "rooms", "price"], [(a, r, f"{10 * a + 5 * r:,}") for a, r in rows])


@pytest.mark.usefixtures("rent")
def test_thousands_are_hinted_with_their_cell_and_then_read_as_pandas_reads_them(leyden):
    line = refusal(leyden, "rent.csv", "price", *SHORT)
    first = next(cell for cell in pd.read_csv("rent.csv", dtype=str)["price"] if "," in cell)
    assert f"`{first}`" in line
    assert f"data.thousands=comma reads {first.replace(',', '')};" in line
    assert "data.decimal=comma" not in line
    parts = make("rent.csv", "price", thousands="comma")
    truth = pd.read_csv("rent.csv", thousands=",")["price"]
    assert targets_of(parts) == pytest.approx(truth, rel=1e-6)


@pytest.mark.usefixtures("rent")
def test_a_decimal_comma_bends_no_thousands(leyden):
    line = refusal(leyden, "rent.csv", "price", "data.decimal=comma", *SHORT)
    assert "data.thousands=comma" in line


def test_a_feature_with_thousands_is_not_dropped(leyden):
    rng = random.Random(1)
    rows = [(rng.randint(900, 9000), round(rng.random(), 3)) for _ in range(200)]
    table("t.csv", ["income", "noise", "spend"], [(f"{y:,}", x, 0.5 * y + 0.25) for y, x in rows])
    assert "column `income`" in refusal(leyden, "t.csv", "spend", *SHORT)


def test_few_different_numbers_with_thousands_are_no_classes(leyden):
    rows = [(year, f"{1000 * (30 + 2 * year):,}") for year in list(range(25)) * 8]
    table("t.csv", ["years", "salary"], rows)
    for overrides in ((), ("data.task=regression",), ("data.decimal=comma",)):
        assert "data.thousands=comma" in refusal(leyden, "t.csv", "salary", *overrides, *SHORT)


# 02: a class that is called None


@pytest.mark.parametrize("others", [("Insomnia", "Apnea"), ("Apnea",)])
def test_a_class_called_none_is_a_class(others):
    rng = random.Random(2)
    rows = [
        (round(rng.random(), 3), rng.choice(["NA", "DE", "FR"]), rng.choice(["None", *others]))
        for _ in range(300)
    ]
    table("t.csv", ["hours", "country", "disorder"], rows)
    parts = make("t.csv", "disorder")
    counted = {name: sum(sizes.values()) for name, sizes in parts.report.classes.items()}
    assert counted == Counter(row[2] for row in rows)
    assert parts.report.column("country").distinct == 3
    assert parts.report.column("country").missing == {}


# 04: separators in the names


NAMES = {
    "units": ('"Area, total, m2";"Rooms, all";Price', ";"),
    "excel": ("sep=;\nArea;Rooms;Price", ";"),
    "title": ("# exported 2026-11-01\nArea,Rooms,Price", ","),
    "blanks": ("Area  Rooms  Price", "  "),
}


@pytest.mark.parametrize("name", NAMES)
def test_signs_in_the_names_do_not_separate(name):
    rng = random.Random(4)
    rows = [(rng.randint(20, 200), rng.randint(1, 6)) for _ in range(100)]
    head, sign = NAMES[name]
    lines = [sign.join(map(str, (a, r, a * 10.5 + r))) for a, r in rows]
    Path("t.csv").write_text("\n".join([head, *lines]) + "\n")
    parts = make("t.csv", "Price")
    assert parts.spec.input_shape == (2,)
    assert targets_of(parts) == pytest.approx([a * 10.5 + r for a, r in rows], rel=1e-6)


# 05: a European Excel's


def european():
    rng = random.Random(5)
    rows = [(rng.uniform(20, 200), rng.randint(1, 6)) for _ in range(200)]
    lines = [f"{a:.1f};{z};{a * 10.5 + z:.2f}".replace(".", ",") for a, z in rows]
    text = "\r\n".join(["Größe;Zimmer;Preis", *lines, ""])
    return text, [round(float(line.split(";")[2].replace(",", ".")), 2) for line in lines]


ENCODED = {
    "a mark": (lambda text: text.encode("utf-8-sig"), {}),
    "utf-16": (lambda text: text.encode("utf-16"), {}),
    "gzip": (lambda text: gzip.compress(text.encode()), {}),
    "cp1252": (lambda text: text.encode("cp1252"), {"encoding": "cp1252"}),
}


@pytest.mark.parametrize("form", ENCODED)
def test_a_european_file_is_read_in_any_encoding(form):
    encode, options = ENCODED[form]
    text, prices = european()
    Path("t.csv").write_bytes(encode(text))
    parts = make("t.csv", "Preis", decimal="comma", features=("Größe", "Zimmer"), **options)
    assert targets_of(parts) == pytest.approx(prices, abs=1e-3)


def test_a_european_file_is_refused_with_what_to_type(leyden):
    text, _ = european()
    Path("t.csv").write_bytes(text.encode("cp1252"))
    assert "data.encoding=cp1252" in refusal(leyden, "t.csv", "Preis", *SHORT)
    Path("t.csv").write_text(text, newline="")
    assert "data.decimal=comma" in refusal(leyden, "t.csv", "Preis", *SHORT)
    assert "data.decimal=comma" in refusal(leyden, "t.csv", "Zimmer", *SHORT)  # of a feature


# 06: words among numbers


@pytest.mark.parametrize("words", [["?"], ["-", "n.a."]])
def test_words_among_numbers_are_missing_and_said(words, leyden):
    rng = random.Random(6)
    ages = [round(rng.uniform(20, 80), 1) for _ in range(400)]
    cells = [rng.choice(words) if row % 100 == 7 else age for row, age in enumerate(ages)]
    rows = [
        (cell, round(rng.random(), 2), "yes" if age > 50 else "no")
        for cell, age in zip(cells, ages, strict=True)
    ]
    table("t.csv", ["age", "noise", "ill"], rows)
    result = leyden(
        "train", "data=csv", "data.path=t.csv", "data.target=ill", "trainer.max_epochs=5"
    )
    assert result.status == 0
    said = " ".join(result.err.split())
    assert all(f"`{word}`" in said for word in set(cells) & set(words))
    metrics = json.loads((result.folder / "run.json").read_text())["metrics"]
    assert metrics["test/acc"] > 0.9  # the age decides


def test_whole_numbers_with_a_question_mark_are_numbers():
    rng = random.Random(6)
    ages = [rng.randint(30, 70) for _ in range(400)]
    rows = [("?" if row % 100 == 7 else age, age * 1.5 + 0.25) for row, age in enumerate(ages)]
    table("t.csv", ["age", "cost"], rows)
    parts = make("t.csv", "cost")
    assert parts.spec.input_shape == (1,)
    assert parts.report.column("age").missing == {"?": 4}


def test_numbers_with_one_unit_are_numbers():
    rng = random.Random(6)
    ages = [round(rng.uniform(20, 80), 1) for _ in range(400)]
    table("t.csv", ["age", "y"], [(f"{age} y", age * 2) for age in ages])
    parts = make("t.csv", "y")
    assert parts.spec.input_shape == (1,)
    assert any("the unit `y`" in note for note in parts.report.notes)


# 07: an index


def test_an_index_gives_no_better_accuracy_than_chance(leyden):
    rng = random.Random(7)
    rows = [
        (row, round(rng.random(), 3), round(rng.random(), 3), "abc"[row // 150])
        for row in range(450)
    ]
    table("t.csv", ["", "a", "b", "kind"], rows)
    result = leyden(
        "train",
        *("data=csv", "data.path=t.csv", "data.target=kind", "trainer.max_epochs=20"),
    )
    assert "numbers the rows: left out" in " ".join(result.err.split())
    accuracy = json.loads((result.folder / "run.json").read_text())["metrics"]["test/acc"]
    assert accuracy < 1 / 3 + 4 * (2 / 9 / 68) ** 0.5  # of 68 rows


# 09: targets


def targets(cell):
    """A file with the target `cell(row, a, b)`; a and b."""
    rng = random.Random(9)
    features = [(rng.random(), rng.random()) for _ in range(200)]
    rows = [(f"{a:.4f}", f"{b:.4f}", cell(row, a, b)) for row, (a, b) in enumerate(features)]
    table("t.csv", ["a", "b", "t"], rows)
    return features


NUMBERS = {
    "huge": (lambda row, a, b: 1e300 * a, lambda a, b: 1e300 * a),
    "tiny": (lambda row, a, b: 1e-30 * (a + 2 * b), lambda a, b: 1e-30 * (a + 2 * b)),
    "offset": (lambda row, a, b: 1.7e9 + a, lambda a, b: 1.7e9 + a),
    "percent": (lambda row, a, b: f"{100 * a:.1f}%", lambda a, b: round(100 * a, 1)),
    "minus": (
        lambda row, a, b: f"\u2212{a:.3f}" if b > 0.5 else f"{a:.3f}",
        lambda a, b: float(f"{-a if b > 0.5 else a:.3f}"),
    ),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_targets_are_the_numbers_that_are_meant(name):
    cell, truth = NUMBERS[name]
    expected = np.array([truth(a, b) for a, b in targets(cell)])
    found = targets_of(make("t.csv", "t"))
    unit = expected.max()
    spread = (expected / unit).std()
    assert found / unit / spread == pytest.approx(expected / unit / spread, abs=1e-5)


CLASSES = {
    "trailing": (
        lambda row, a, b: "yes " if row % 2 else "yes" if a > 0.5 else "no",
        {"yes", "no"},
    ),
    "zeros": (lambda row, a, b: ["01", "1", "001", "2"][row % 4], {"01", "1", "001", "2"}),
    "flags": (lambda row, a, b: "" if row % 20 == 3 else a > 0.5, {"True", "False"}),
    "rare": (lambda row, a, b: "rare" if row == 0 else "xy"[row % 2], {"rare", "x", "y"}),
}


@pytest.mark.parametrize("name", CLASSES)
def test_targets_are_the_classes_that_are_meant(name):
    cell, classes = CLASSES[name]
    targets(cell)
    assert set(make("t.csv", "t").spec.class_names) == classes


@pytest.mark.parametrize(
    ("cell", "left_out"),
    [
        (lambda row, a, b: "NaN" if row % 3 == 0 else round(a * 7, 4), {"t is `NaN`": 67}),
        (lambda row, a, b: "inf" if row % 50 == 0 else round(a * 7, 4), {"t is `inf`": 4}),
        (lambda row, a, b: "" if row % 20 == 3 else round(a * 7, 4), {"without t": 10}),
    ],
    ids=["nan", "inf", "empty"],
)
def test_rows_without_a_number_to_predict_are_left_out_and_counted(cell, left_out):
    targets(cell)
    assert make("t.csv", "t").report.rows_left_out == left_out


@pytest.mark.parametrize(("cell", "value"), [("same", "`same`"), (3.5, "3.5")])
def test_a_target_that_does_not_vary_is_refused(cell, value, leyden):
    targets(lambda row, a, b: cell)
    assert f"column `t` has one value only, {value}" in refusal(leyden, "t.csv", "t", *SHORT)


def test_a_huge_target_is_learned(leyden):
    targets(lambda row, a, b: 1e300 * a)
    result = leyden(
        "train",
        *("data=csv", "data.path=t.csv", "data.target=t", "trainer.max_epochs=10"),
        "optimizer=adamw",
    )
    metrics = json.loads((result.folder / "run.json").read_text())["metrics"]
    assert metrics["test/r2"] > 0.9
    assert metrics["test/rmse"] < 1e299
