"""Baselines of a table with words and two classes, by scikit-learn on the same split.

Nothing of Leyden is imported. The split is drawn as docs/your-data.md says, without strata; words
get a column each.
"""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

ROWS = 600


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    age, size = random.normal(50, 10, ROWS), random.exponential(3, ROWS)
    town = random.choice(["Aa", "Bee", "Cork"], ROWS)
    chance = 1 / (1 + np.exp(-(age - 50) / 5 - (town == "Cork")))
    ill = np.where(random.random(ROWS) < chance, "yes", "no")
    return pd.DataFrame({"age": age, "size": size, "town": town, "ill": ill})


def test_the_same_split_in_scikit_learn_gives_the_same_baselines(table, tmp_path, warm):
    table.to_csv(tmp_path / "ill.csv", index=False)
    words = ("data=csv", "data.path=ill.csv", "data.target=ill", "data.split.stratified=false")
    short = ("trainer.max_epochs=1", "callbacks.graph=null", "callbacks.predictions=null")
    status, out, err = warm.run("train", *words, *short, folder=tmp_path)
    assert status == 0, err
    record = json.loads((tmp_path / out.splitlines()[-1] / "run.json").read_text())
    found = {one["name"]: one["metrics"] for one in record["baselines"]}

    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(0)).numpy()
    train, val, test = np.split(order, [int(0.7 * ROWS), int(0.7 * ROWS) + int(0.15 * ROWS)])
    numbers = table[["age", "size"]].to_numpy()
    numbers = (numbers - numbers[train].mean(0)) / numbers[train].std(0)
    x = np.hstack([numbers, pd.get_dummies(table["town"]).to_numpy(dtype=float)])
    y = (table["ill"] == "yes").to_numpy().astype(int)

    models = {
        "most frequent class": (DummyClassifier(strategy="prior"), 1e-6),
        # Both stop where their solver is content, on features of 32 and of 64 bits.
        "logistic regression": (LogisticRegression(max_iter=1000), 1e-2),
        "gradient boosting": (HistGradientBoostingClassifier(random_state=0), 2e-2),
    }
    for name, (model, tolerance) in models.items():
        shares = model.fit(x[train], y[train]).predict_proba(x[test])[:, 1]
        expected = {
            "test/acc": accuracy_score(y[test], model.predict(x[test])),
            "test/loss": log_loss(y[test], shares),
            "test/brier": brier_score_loss(y[test], shares),
            "test/auroc": roc_auc_score(y[test], shares),
            "test/ap": average_precision_score(y[test], shares),
        }
        of_model = {key: found[name][key] for key in expected}
        assert of_model == pytest.approx(expected, rel=tolerance), name
    assert len(val) == record["data_report"]["parts"]["val"]
