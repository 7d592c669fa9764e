import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)
from torchmetrics.classification import MulticlassCalibrationError

from leyden.tasks.class_statistics import (
    calibration,
    class_statistics,
    macro_intervals,
    ranking_scores,
)
from leyden.tasks.classification import sample_columns


def samples_of(logits, labels):
    columns = sample_columns(torch.tensor(logits), torch.tensor(labels))
    return {name: column.double().numpy() for name, column in columns.items()}


@pytest.fixture
def answers():
    random = np.random.default_rng(0)
    labels = random.integers(3, size=400)
    return random.normal(size=(400, 3)) + 1.5 * np.eye(3)[labels], labels


def test_the_table_and_the_confusion_are_scikit_learns(answers):
    logits, labels = answers
    found = class_statistics(samples_of(*answers), class_names=["a", "b", "c"], top_name=None)
    guesses = logits.argmax(1)
    expected = np.stack(precision_recall_fscore_support(labels, guesses), 1)
    rows = [
        [row[key] for key in ("precision", "recall", "f1", "support")]
        for row in found.details["classes"]
    ]
    np.testing.assert_allclose(rows, expected)
    np.testing.assert_array_equal(found.details["confusion"], confusion_matrix(labels, guesses))


def test_the_calibration_error_is_torchmetrics(answers):
    logits, labels = map(torch.tensor, answers)
    found = class_statistics(samples_of(*answers), class_names=["a", "b", "c"], top_name=None)
    expected = MulticlassCalibrationError(3, n_bins=15, norm="l1")(logits.softmax(-1), labels)
    assert found.metrics["ece"] == pytest.approx(float(expected), rel=1e-5)


def test_a_confidence_on_the_edge_of_two_bins_is_in_the_lower_one():
    bins = calibration(np.array([1 / 15, 2 / 15, 1.0]), np.array([True, False, True]))
    assert [one["count"] for one in bins] == [1, 1, 1]


def test_each_interval_has_the_metric_in_it(answers):
    logits, labels = answers
    found = class_statistics(samples_of(*answers), class_names=["a", "b", "c"], top_name="top5")
    guesses = logits.argmax(1)
    precision, recall, f1, _ = precision_recall_fscore_support(labels, guesses, average="macro")
    values = {"precision": precision, "recall": recall, "f1": f1, "acc": (guesses == labels).mean()}
    for name, value in values.items():
        low, high = found.intervals[name]
        assert low < value < high
        assert high - low == pytest.approx(0.09, abs=0.03)


def test_a_class_that_is_neither_there_nor_taken_is_left_out_of_the_means():
    labels = np.array([0, 1] * 50)
    right, wrong = labels.copy(), labels.copy()
    wrong[:10] = 1 - wrong[:10]
    for predicted in (right, wrong):
        of_two, of_five = (macro_intervals(labels, predicted, number) for number in (2, 5))
        of_two.pop("balanced_acc", None)
        assert of_two == of_five


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40))
def test_areas_and_average_precisions_are_scikit_learns_with_ties(pairs):
    labels, scores = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if labels.min() == labels.max():
        return
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    hits = np.cumsum(labels[order])[ends][None]
    area, precision = ranking_scores(hits, (ends + 1.0)[None])
    assert area[0] == pytest.approx(roc_auc_score(labels, scores))
    assert precision[0] == pytest.approx(average_precision_score(labels, scores))


def test_two_classes_have_intervals_of_their_own_metrics():
    random = np.random.default_rng(1)
    labels = random.integers(2, size=300)
    logits = random.normal(size=(300, 2)) + np.eye(2)[labels]
    found = class_statistics(samples_of(logits, labels), class_names=["no", "yes"], top_name=None)
    assert {"auroc", "ap", "brier", "balanced_acc", "loss", "acc"} <= set(found.intervals)
    scores = logits[:, 1] - logits[:, 0]
    low, high = found.intervals["auroc"]
    assert low < roc_auc_score(labels, scores) < high
