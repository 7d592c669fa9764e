"""`leyden explain` of a table's columns: permutation importance and partial dependence."""

import csv

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence, permutation_importance
from torch import nn

from leyden.data import Spec
from leyden.data.parsing.table_format import TableFormat
from leyden.data.tables.encoders import CategoryEncoder, NumberEncoder, Scaling
from leyden.data.tables.preparation import TablePreparation, unscaled_columns
from leyden.inference.partial_dependence import dependences, values_of
from leyden.inference.permutation_importance import importances

QUICK = ("logger=null", "baselines=null")


def rows_of(file):
    with file.open() as opened:
        return list(csv.DictReader(opened))


def frame_of(count):
    """Columns of which one decides, one adds a little, and one says nothing."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"noise": random.normal(size=count)})
    frame["town"] = random.choice(["Bonn", "Ulm", "Delft"], count)
    frame["cause"] = random.normal(size=count)
    frame["effect"] = 3 * frame["cause"] + 1.0 * (frame["town"] == "Bonn") + 7
    return frame


@pytest.fixture
def table(leyden, tmp_path):
    """A run of a linear model, which finds the rule to the last digits, and new.csv."""
    frame = frame_of(600)
    frame[:500].to_csv(tmp_path / "table.csv", index=False)
    frame[500:].to_csv(tmp_path / "new.csv", index=False)
    words = ("data=csv", "data.path=table.csv", "data.target=effect", "run_dir=table")
    shape = ("data.features=[noise,town,cause]", "model.depth=0", "optimizer=adam")
    result = leyden("train", *QUICK, *words, *shape, "optimizer.lr=0.1", "trainer.max_epochs=40")
    assert result.status == 0, result.err
    return result.folder


@pytest.fixture
def classes(leyden, tmp_path):
    """A run on two classes, and new.csv."""
    frame = frame_of(600)
    frame["effect"] = np.where(frame["cause"] > 0, "up", "down")
    frame[:500].to_csv(tmp_path / "table.csv", index=False)
    frame[500:].to_csv(tmp_path / "new.csv", index=False)
    words = ("data=csv", "data.path=table.csv", "data.target=effect", "run_dir=classes")
    result = leyden("train", *QUICK, *words, "model.width=16", "trainer.max_epochs=8")
    assert result.status == 0, result.err
    return result.folder


class Linear(RegressorMixin, BaseEstimator):
    """A network as an estimator of scikit-learn."""

    def __init__(self, net=None):
        self.net = net

    def fit(self, inputs, targets):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, inputs):
        with torch.no_grad():
            return self.net(torch.tensor(inputs, dtype=torch.float32))[:, 0].double().numpy()


def sklearn_orders(count, repeats, seed):
    """The permutations of scikit-learn: each time those of before are shuffled on."""
    state = np.random.RandomState(np.random.RandomState(seed).randint(2**31 - 1 + 1))
    places, now, orders = np.arange(count), np.arange(count), []
    for _ in range(repeats):
        state.shuffle(places)
        now = now[places]
        orders.append(torch.tensor(now))
    return orders


def test_importances_are_those_of_scikit_learn():
    torch.manual_seed(0)
    net, inputs = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)), torch.randn(40, 3)
    targets = torch.randn(40, 1)
    spec = Spec("table", (3,), 1, task="regression")
    preparation = unscaled_columns(("a", "b", "c"), "target")
    _, found = importances(net, spec, preparation, inputs, targets, sklearn_orders(40, 5, seed=3))
    told = permutation_importance(
        Linear(net),
        inputs.numpy(),
        targets[:, 0].numpy(),
        scoring="neg_mean_squared_error",
        n_repeats=5,
        random_state=3,
    )
    np.testing.assert_allclose([one.loss for one in found], told.importances, rtol=1e-5, atol=1e-7)


def test_the_features_of_a_category_are_permuted_together():
    """The loss is that of whole rows exchanged: never that of a row with two categories or none."""
    towns = CategoryEncoder(name="town", known=("Bonn", "Ulm"))
    preparation = TablePreparation(encoders=(towns,), format=TableFormat(), target="t")
    inputs = torch.eye(2).repeat(4, 1)
    net = nn.Linear(2, 1)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, 2.0]]))
        net.bias.zero_()
    spec = Spec("table", (2,), 1, task="regression")
    base, (found,) = importances(
        net, spec, preparation, inputs, net(inputs).detach(), [torch.arange(8).roll(1)]
    )
    assert base[0] == pytest.approx(0)
    assert found.loss.tolist() == pytest.approx([1.0])  # each row is off by the 1 between them


def test_the_column_that_decides_ranks_first_and_noise_is_worth_nothing(table, leyden, tmp_path):
    words = ("new.csv", "--method", "permutation", "--output", "out")
    result = leyden("explain", str(table), *words)
    assert result.status == 0, result.err
    rows = rows_of(tmp_path / "out" / "importance.csv")
    assert [row["column"] for row in rows] == ["cause", "town", "noise"]
    assert result.out.startswith("cause: loss +")
    cause, noise = rows[0], rows[2]
    # Two rows of which one has the other's cause differ by 3 times the difference, whose variance
    # is twice that of the column.
    spread = pd.read_csv("new.csv")["cause"].std()
    assert float(cause["rmse_rise"]) == pytest.approx(3 * 2**0.5 * spread, rel=0.1)
    assert abs(float(noise["loss_rise"])) < 3 * float(noise["loss_rise_std"]) + 1e-9


def test_of_classes_the_accuracy_falls(classes, leyden, tmp_path):
    result = leyden("explain", str(classes), "new.csv", "--method", "permutation", "--output", "o")
    assert result.status == 0, result.err
    rows = rows_of(tmp_path / "o" / "importance.csv")
    assert rows[0]["column"] == "cause"
    assert float(rows[0]["acc_fall"]) > 0.3
    again = leyden("explain", str(classes), "new.csv", "--method", "permutation", "--output", "p")
    assert again.status == 0
    assert rows_of(tmp_path / "p" / "importance.csv") == rows


def test_of_a_linear_model_the_dependence_is_its_slope(table, leyden, tmp_path):
    words = ("new.csv", "--method", "dependence", "--output", "out")
    result = leyden("explain", str(table), *words)
    assert result.status == 0, result.err
    rows = rows_of(tmp_path / "out" / "dependence.csv")
    assert rows[0]["column"] == "cause"
    of_cause = [row for row in rows if row["column"] == "cause"]
    assert len(of_cause) == 20
    points = [(float(row["value"]), float(row["mean effect"])) for row in of_cause]
    slope, _ = np.polyfit(*zip(*points, strict=True), 1)
    assert slope == pytest.approx(3, rel=1e-4)


@pytest.mark.parametrize("method_of", ["table", "classes"])
def test_the_mean_is_that_of_predictions_of_edited_rows(method_of, request, leyden, tmp_path):
    folder = request.getfixturevalue(method_of)
    words = ("new.csv", "--method", "dependence", "--output", "out")
    assert leyden("explain", str(folder), *words).status == 0
    name, column = ("mean effect", "prediction")
    if method_of == "classes":
        name, column = ("mean probability of up", "probability up")
    rows = rows_of(tmp_path / "out" / "dependence.csv")
    chosen = [next(row for row in rows if row["column"] == "cause")]
    chosen += [next(row for row in rows if row["column"] == "town" and row["value"] == "Bonn")]
    for row in chosen:
        frame = pd.read_csv("new.csv")
        frame[row["column"]] = row["value"]
        frame.to_csv("edited.csv", index=False)
        assert leyden("predict", str(folder), "edited.csv", "--out", "told.csv").status == 0
        told = pd.read_csv("told.csv")[column].mean()
        (tmp_path / "told.csv").unlink()
        assert float(row[name]) == pytest.approx(told, rel=1e-4)


def test_partial_dependence_is_that_of_scikit_learn():
    torch.manual_seed(0)
    net, inputs = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)), torch.randn(15, 2)
    preparation = unscaled_columns(("a", "b"), "target")
    frame = pd.DataFrame(inputs.double().numpy(), columns=["a", "b"])
    with torch.no_grad():
        found = dependences(net, preparation, inputs, frame)
    for place, one in enumerate(found):
        told = partial_dependence(Linear(net), inputs.numpy(), [place], kind="both")
        np.testing.assert_allclose(one.values, told["grid_values"][0], rtol=1e-6)
        np.testing.assert_allclose(one.mean[:, 0], told["average"][0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(
            one.single[..., 0].T, told["individual"][0], rtol=1e-4, atol=1e-6
        )


def test_of_many_values_20_quantiles_of_the_rows_are_taken():
    scaling = Scaling(filling=None, mean=0.0, std=1.0, has_indicator=False)
    number = NumberEncoder(name="x", scaling=scaling)
    values, left_out = values_of(number, pd.Series([*map(float, range(381)), np.nan]))
    assert values.tolist() == [19.0 + 18 * step for step in range(20)]
    assert left_out == 0


def test_of_many_categories_the_rarest_are_counted():
    names = tuple(f"{number:02}" for number in range(30))
    encoder = CategoryEncoder(name="x", known=names)
    values, left_out = values_of(encoder, pd.Series(names[10:] * 2))
    assert values.tolist() == list(names[10:])
    assert left_out == 10


def test_columns_without_a_picture_are_named(leyden, tmp_path):
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{number}": random.normal(size=200) for number in range(13)})
    frame["fixed"] = np.where(np.arange(200) < 100, 1.0, 2.0)
    frame["effect"] = frame["c0"] * 3
    frame.to_csv(tmp_path / "wide.csv", index=False)
    frame[:50].to_csv(tmp_path / "new.csv", index=False)
    words = ("data=csv", "data.path=wide.csv", "data.target=effect", "run_dir=wide")
    result = leyden("train", *QUICK, *words, "model.width=16", "trainer.max_epochs=3")
    assert result.status == 0, result.err
    told = leyden("explain", str(result.folder), "new.csv", "--method", "dependence")
    assert told.status == 0, told.err
    page = (result.folder / "explanations" / "1" / "explanation.html").read_text()
    assert page.count("<img alt='dependence on ") == 12
    assert "left out, the same in all rows: fixed" in told.err
    named = told.err.partition("without a picture, since they vary least: ")[2].split(";")[0]
    assert f"<img alt='dependence on {named}'" not in page
    frame[:1].to_csv(tmp_path / "one.csv", index=False)
    told = leyden("explain", str(result.folder), "one.csv", "--method", "dependence")
    assert told.status == 2
    assert "has the same value in all rows of each column; give more rows" in told.err


WRONG = {
    "permutation without the target": (
        ["bare.csv", "--method", "permutation"],
        "INPUT=bare.csv: lacks the column `effect`",
    ),
    "permutation of one row": (["one.csv", "--method", "permutation"], "has one row with an answ"),
    "activations of a table": (["new.csv", "--method", "activations"], "is for images"),
    "attention of a table": (["new.csv", "--method", "attention"], "is for language models"),
    "an unknown category": (["paris.csv", "--method", "dependence"], "row 1: town: no training"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_write_nothing(name, table, leyden):
    frame = pd.read_csv("new.csv")
    frame.drop(columns="effect").to_csv("bare.csv", index=False)
    frame[:1].to_csv("one.csv", index=False)
    frame.assign(town="Paris").to_csv("paris.csv", index=False)
    words, message = WRONG[name]
    result = leyden("explain", str(table), *words, "--tensorboard")
    assert result.status == 2
    assert message in result.err
    assert not (table / "explanations").exists()
    assert not (table / "explanation").exists()


@pytest.mark.parametrize("method", ["permutation", "dependence"])
def test_methods_for_tables_refuse_text(method, gpt_run, leyden):
    result = leyden("explain", str(gpt_run), "import", "--method", method, "--output", "out")
    assert result.status == 2
    assert f"--method={method}: is for tables" in result.err
