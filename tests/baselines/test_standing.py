import pytest

from leyden.analysis.paper_table import mode_of
from leyden.baselines.judgement import LESS_IS_BETTER, baselines_in, standing
from leyden.tasks import TASKS


def entry(name, *, is_trivial=False, **metrics):
    of_test = {f"test/{key}": value for key, value in metrics.items()}
    return {"name": name, "is_trivial": is_trivial, "metrics": of_test}


CLASSES = [
    entry("most frequent class", is_trivial=True, acc=0.5, f1=0.3),
    entry("logistic regression", acc=0.8, f1=0.8),
    entry("5 nearest neighbours", acc=0.7, f1=None),
]
ERRORS = [entry("mean", is_trivial=True, rmse=5.0), entry("ridge regression", rmse=2.0)]


def found(metrics, intervals=None, entries=CLASSES, monitor="val/loss"):
    return standing(metrics, intervals or {}, baselines_in(entries), monitor=monitor)


@pytest.mark.parametrize(
    ("accuracy", "interval", "words", "beats_trivial"),
    [
        (0.9, (0.85, 0.95), "0.1 better than the best baseline, logistic regression (0.8)", True),
        (0.82, (0.78, 0.86), "too small to tell them apart), and 0.32 better than", True),
        (0.8, (0.76, 0.84), "the same as the best baseline, logistic regression (0.8)", True),
        (0.75, (0.7, 0.79), "0.05 worse than the best baseline", True),
        (0.55, (0.45, 0.65), "0.05 better than the trivial baseline", False),
        (0.5, (0.4, 0.6), "the same as the trivial baseline, most frequent class (0.5)", False),
        (0.1, (0.05, 0.2), "0.4 worse than the trivial baseline", False),
    ],
)
def test_a_result_is_put_beside_the_best_and_the_trivial_baseline(
    accuracy, interval, words, beats_trivial
):
    one = found({"test/acc": accuracy}, {"test/acc": interval})
    assert words in one.sentence
    assert one.beats_trivial == beats_trivial
    names = [baseline.name for baseline in one.baselines]
    assert names == ["logistic regression", "5 nearest neighbours", "most frequent class"]


def test_less_is_better_of_errors():
    good, bad = (found({"test/rmse": value}, entries=ERRORS) for value in (1.0, 6.0))
    assert "1 better than the best baseline, ridge regression (2)" in good.sentence
    assert good.beats_trivial
    assert not bad.beats_trivial


def test_the_monitored_metric_is_compared_where_a_trivial_baseline_has_it():
    metrics = {"test/acc": 0.9, "test/f1": 0.7}
    assert found(metrics, monitor="val/f1").metric == "test/f1"
    assert found(metrics, monitor="val/ece").metric == "test/acc"
    names = [one.name for one in found(metrics, monitor="val/f1").baselines]
    assert names == ["logistic regression", "most frequent class"]


@pytest.mark.parametrize("entries", [(), [{**CLASSES[0], "metrics": {}}]])
def test_without_a_metric_in_common_nothing_is_said(entries):
    assert found({"test/acc": 0.9}, entries=entries) is None


def test_all_that_know_which_way_a_metric_is_better_agree():
    known = {name: more for task in TASKS.values() for name, more in task.higher_is_better.items()}
    assert {name for name, more in known.items() if not more} == LESS_IS_BETTER
    for name, more in known.items():
        assert mode_of(f"test/{name}") == ("max" if more else "min"), name
