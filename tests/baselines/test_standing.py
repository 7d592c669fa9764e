import pytest

from leyden.analysis.paper_table import mode_of
from leyden.baselines.judgement import LESS_IS_BETTER, standing
from leyden.tasks import TASKS

BASELINES = [
    {
        "name": "most frequent class",
        "is_trivial": True,
        "metrics": {"test/acc": 0.5, "test/f1": 0.3},
    },
    {
        "name": "logistic regression",
        "is_trivial": False,
        "metrics": {"test/acc": 0.8, "test/f1": 0.8},
    },
    {"name": "5 nearest neighbours", "is_trivial": False, "metrics": {"test/acc": 0.7}},
]
ERRORS = [
    {"name": "mean", "is_trivial": True, "metrics": {"test/rmse": 5.0}},
    {"name": "ridge regression", "is_trivial": False, "metrics": {"test/rmse": 2.0}},
]


@pytest.mark.parametrize(
    ("accuracy", "interval", "words", "is_warning"),
    [
        (0.9, (0.85, 0.95), "is better than all 3 baselines", False),
        (0.82, (0.78, 0.86), "can't be told apart from “logistic regression”", False),
        (0.75, (0.7, 0.79), "no better than the baseline “logistic regression” (0.8)", False),
        (0.55, (0.45, 0.65), "can't be told apart from the trivial baseline", True),
        (0.5, (0.4, 0.6), "no better than the trivial baseline “most frequent class”", True),
        (0.1, (0.05, 0.2), "no better than the trivial baseline “most frequent class”", True),
    ],
)
def test_a_result_is_put_beside_the_baselines(accuracy, interval, words, is_warning):
    found = standing({"test/acc": accuracy}, {"test/acc": interval}, BASELINES, monitor="val/loss")
    assert words in found.sentence
    assert found.is_warning == is_warning
    assert found.baselines[0] == ("most frequent class", 0.5)


def test_less_is_better_of_errors():
    good, bad = (standing({"test/rmse": v}, {}, ERRORS, monitor="val/loss") for v in (1.0, 6.0))
    assert "is better than all 2 baselines" in good.sentence
    assert bad.is_warning


def test_the_monitored_metric_is_compared_where_baselines_have_it():
    metrics = {"test/acc": 0.9, "test/f1": 0.7}
    assert standing(metrics, {}, BASELINES, monitor="val/f1").metric == "test/f1"
    assert standing(metrics, {}, BASELINES, monitor="val/ece").metric == "test/acc"


@pytest.mark.parametrize("baselines", [None, []])
def test_without_baselines_nothing_is_said(baselines):
    assert standing({"test/acc": 0.9}, {}, baselines, monitor="val/loss") is None


def test_all_that_know_which_way_a_metric_is_better_agree():
    known = {name: more for task in TASKS.values() for name, more in task.higher_is_better.items()}
    assert {name for name, more in known.items() if not more} == LESS_IS_BETTER
    for name, more in known.items():
        assert mode_of(f"test/{name}") == ("max" if more else "min"), name
