"""Tables in the forms in which public data sets come, some rows of each: what one would read."""

from pathlib import Path

import numpy as np
import pytest

from leyden.data import DataError
from leyden.data.tables.csv_table import CSVTable

RNG = np.random.default_rng(5)
N = 60


def write(*lines):
    Path("t.csv").write_text("\n".join(lines) + "\n")


def make(target, **options):
    return CSVTable(path="t.csv", target=target, batch_size=4, **options).splits


def roles(parts):
    return {column.name: column.role for column in parts.report.columns}


def numbers(low, high, decimals=1):
    return RNG.uniform(low, high, N).round(decimals).tolist()


def test_iris_as_uci_has_it():
    species = np.repeat(["Iris-setosa", "Iris-versicolor", "Iris-virginica"], N // 3)
    columns = [numbers(4, 8), numbers(2, 4), numbers(1, 7), numbers(0.1, 2.5), species]
    write(*(",".join(map(str, row)) for row in zip(*columns, strict=True)), "")
    with pytest.raises(DataError, match=r"data\.header=false"):
        make("4")
    parts = make("4", header=False)
    assert parts.spec.class_names == ("Iris-setosa", "Iris-versicolor", "Iris-virginica")
    assert parts.spec.input_shape == (4,)


def test_auto_mpg_as_uci_has_it():
    rows = [
        f"{mpg}   {cylinders}   {size}      {'?' if row in (7, 30) else power}      {weight}."
        f'      {year}  1\t"chevrolet model {row}"'
        for row, (mpg, cylinders, size, power, weight, year) in enumerate(
            zip(
                numbers(10, 40),
                RNG.choice([4, 6, 8], N),
                numbers(90, 400),
                [f"{power:.1f}" for power in numbers(50, 200, 0)],
                RNG.integers(1800, 5000, N),
                RNG.integers(70, 83, N),
                strict=True,
            )
        )
    ]
    write("mpg cylinders displacement horsepower weight year origin name", *rows)
    parts = make("mpg")
    assert parts.report.column("horsepower").missing == {"?": 2}
    assert roles(parts)["name"] == "left out"
    assert parts.spec.input_shape == (6,)
    assert parts.spec.task == "regression"


def test_adult_as_uci_has_it():
    rows = [
        f"{RNG.integers(17, 90)}, {RNG.choice(['Private', 'State-gov', '?'])},"
        f" {RNG.integers(10_000, 10**6)}, {RNG.choice(['>50K', '<=50K'])}"
        for _ in range(N)
    ]
    write("age, workclass, fnlwgt, income", *rows)
    parts = make("income")
    assert parts.spec.class_names == ("<=50K", ">50K")
    assert parts.report.column("workclass").made == "3 categories"
    assert parts.spec.input_shape == (5,)


def test_titanic_as_kaggle_has_it():
    rows = [
        f'{row + 1},{RNG.integers(2)},{RNG.integers(1, 4)},"Doe, Mr. John the {row}th",'
        f"{RNG.choice(['male', 'female'])},{'' if row % 9 == 0 else RNG.integers(1, 80)},"
        f"{'A/5 21' if row % 4 == 0 else ''}{RNG.integers(100, 999)},{RNG.uniform(5, 90):.4f},"
        f"{RNG.choice(['S', 'C', 'Q', ''])}"
        for row in range(N)
    ]
    write("PassengerId,Survived,Pclass,Name,Sex,Age,Ticket,Fare,Embarked", *rows)
    parts = make("Survived", max_categories=20)
    assert roles(parts) == {
        "PassengerId": "left out",
        "Survived": "target",
        "Pclass": "feature",
        "Name": "left out",
        "Sex": "feature",
        "Age": "feature",
        "Ticket": "left out",
        "Fare": "feature",
        "Embarked": "feature",
    }
    assert any("column Ticket is taken as text" in one for one in parts.report.warnings)
    assert parts.spec.class_names == ("0", "1")


def test_wine_quality_as_uci_has_it():
    rows = [
        f"{acid};{sugar};{density:.5f};{quality}"
        for acid, sugar, density, quality in zip(
            numbers(4, 12),
            numbers(1, 20),
            numbers(0.98, 1.01, 5),
            RNG.integers(3, 9, N),
            strict=True,
        )
    ]
    write('"fixed acidity";"residual sugar";"density";"quality"', *rows)
    parts = make("quality")
    assert parts.spec.task == "classification"
    assert make("quality", task="regression").spec.target_name == "quality"


def test_yacht_as_uci_has_it():
    rows = [
        f" {a} {b:.3f}  {c:.2f}  {d:.2f} "
        for a, b, c, d in zip(
            numbers(-5, 0), numbers(0.5, 0.6, 3), numbers(2, 5, 2), numbers(0.1, 60, 2), strict=True
        )
    ]
    write(*rows)
    with pytest.raises(DataError, match=r"data\.header=false"):
        make("3")
    parts = make("3", header=False)
    assert parts.report.source["separator"] == "blank"
    assert parts.spec.input_shape == (3,)


def test_german_credit_as_uci_has_it():
    rows = [
        f"A1{RNG.integers(1, 5)} {RNG.integers(4, 72)} A3{RNG.integers(5)}"
        f" {RNG.integers(250, 18000)} {RNG.integers(1, 3)}"
        for _ in range(N)
    ]
    write(*rows)
    parts = make("4", header=False)
    assert parts.spec.class_names == ("1", "2")
    assert roles(parts)["0"] == "feature"
    assert parts.report.column("0").kind == "text"


def test_a_european_table_with_blanks_between_thousands():
    rows = [
        f"{land};{people:,};{share:.1f}".replace(",", " ").replace(".", ",")
        for land, people, share in zip(
            RNG.choice(["DE", "NA", "FR"], N),
            RNG.integers(10**5, 10**8, N),
            numbers(0, 100),
            strict=True,
        )
    ]
    write("Land;Menschen;Anteil", *rows)
    with pytest.raises(DataError, match=r"data\.thousands=blank"):
        make("Anteil", decimal="comma")
    parts = make("Anteil", decimal="comma", thousands="blank")
    assert parts.report.column("Land").missing == {}
    assert parts.spec.input_shape == (4,)
