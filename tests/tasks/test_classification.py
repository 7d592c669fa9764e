from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_fscore_support,
    roc_auc_score,
    top_k_accuracy_score,
)
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torchmetrics import MetricCollection
from torchmetrics.classification import BinaryAUROC, MulticlassAUROC

from leyden.data import Spec
from leyden.errors import ConfigError
from leyden.optim import constant, sgd
from leyden.tasks import Classification
from leyden.tasks.classification import scores

SPEC = Spec("image", (1, 2, 2), 6)


def make_task(spec=SPEC, **options):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, spec.num_outputs))
    return Classification(net, spec=spec, optimizer=sgd, schedule=constant, **options)


def make_batch(n=12):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, 1, 2, 2, generator=generator), torch.arange(n) % 6


def test_the_training_loss_is_the_mean_of_the_labels_negative_log_shares():
    task, (inputs, labels) = make_task(), make_batch()
    shares = task(inputs).softmax(-1)[torch.arange(12), labels]
    torch.testing.assert_close(task.training_step((inputs, labels), 0), -shares.log().mean())


def test_smoothing_spreads_its_share_of_a_label_over_all_classes():
    task, (inputs, labels) = make_task(label_smoothing=0.3), make_batch()
    targets = 0.7 * F.one_hot(labels, 6) + 0.3 / 6
    expected = -(targets * task(inputs).log_softmax(-1)).sum(-1).mean()
    torch.testing.assert_close(task.training_step((inputs, labels), 0), expected)


def test_the_loss_of_a_mixed_label_is_the_mixture_of_both_labels_losses():
    task, (inputs, labels) = make_task(label_smoothing=0.1), make_batch()
    others = labels.roll(1)
    own, other = (task.training_step((inputs, y), 0) for y in (labels, others))
    mixed = 0.3 * F.one_hot(labels, 6) + 0.7 * F.one_hot(others, 6)
    torch.testing.assert_close(task.training_step((inputs, mixed), 0), 0.3 * own + 0.7 * other)


def test_evaluation_does_not_smooth():
    plain, smooth = make_task(), make_task(label_smoothing=0.5)
    for task in (plain, smooth):
        task.validation_step(make_batch(), 0)
    torch.testing.assert_close(plain.val.compute()["loss"], smooth.val.compute()["loss"])


@pytest.fixture
def answers():
    generator = torch.Generator().manual_seed(2)
    return torch.randn(200, 6, generator=generator), torch.randint(6, (200,), generator=generator)


def test_precision_recall_and_f1_are_the_means_of_scikit_learns_over_the_classes(answers):
    logits, labels = answers
    found = MetricCollection(scores(6))
    for part in torch.arange(200).split(64):
        found.update(logits[part], labels[part])
    expected = precision_recall_fscore_support(labels, logits.argmax(-1), average="macro")
    values = [float(found.compute()[name]) for name in ("precision", "recall", "f1")]
    assert values == pytest.approx(expected[:3], rel=1e-5)


def test_top5_counts_a_label_among_the_five_likeliest(answers):
    logits, labels = answers
    found = MetricCollection(scores(6))
    found.update(logits, labels)
    expected = top_k_accuracy_score(labels, logits, k=5)
    assert float(found.compute()["top5"]) == pytest.approx(expected)


def test_balanced_weights_are_scikit_learns():
    counts = (1, 5, 20, 2, 2, 30)
    labels = np.repeat(np.arange(6), counts)
    expected = compute_class_weight("balanced", classes=np.arange(6), y=labels)
    task = make_task(replace(SPEC, class_counts=counts), class_weights="balanced")
    np.testing.assert_allclose(task.class_weights.numpy(), expected)


@pytest.mark.parametrize(
    ("weights", "counts", "message"),
    [
        ("balanced", (), "the data does not tell"),
        ("balanced", (1, 0, 2, 3, 4, 5), "no sample of the class `1`"),
        ((1.0, 2.0), (), "must have 6 weights"),
        ((0.0,) * 6, (), "one of them above 0"),
        ((float("inf"),) * 6, (), "must be finite"),
    ],
)
def test_weights_that_can_not_be_are_refused(weights, counts, message):
    with pytest.raises(ConfigError, match=message):
        make_task(replace(SPEC, class_counts=counts), class_weights=weights)


def test_the_weights_reach_the_training_loss_and_not_the_validation():
    weights = (1.0, 0.0, 2.0, 1.0, 3.0, 0.5)
    plain, weighted = make_task(), make_task(class_weights=weights)
    inputs, labels = make_batch()
    losses = -plain(inputs).log_softmax(-1)[torch.arange(12), labels]
    expected = (torch.tensor(weights)[labels] * losses).mean()
    torch.testing.assert_close(weighted.training_step((inputs, labels), 0), expected)
    for task in (plain, weighted):
        task.validation_step((inputs, labels), 0)
    torch.testing.assert_close(plain.val.compute()["loss"], weighted.val.compute()["loss"])


@pytest.mark.parametrize("classes", [2, 6])
def test_further_metrics_read_probabilities(classes):
    task = make_task(replace(SPEC, num_outputs=classes))
    area = BinaryAUROC if classes == 2 else partial(MulticlassAUROC, classes)
    task.add_metrics(lambda: {"area": area()})
    inputs, _ = make_batch(60)
    labels = torch.arange(60) % classes
    for part in torch.arange(60).split(16):
        task.validation_step((inputs[part], labels[part]), 0)
    shares = task(inputs).softmax(-1).detach().double()
    given = {"y_score": shares[:, 1]} if classes == 2 else {"y_score": shares, "multi_class": "ovr"}
    found = task.val.compute()
    assert float(found["area"]) == pytest.approx(roc_auc_score(labels, **given), rel=1e-6)
    assert {"val/area", "test/area"} <= set(task.metrics)
    assert "val/area" not in Classification.metrics


def test_two_classes_have_the_area_under_the_curve_and_a_brier_score():
    task = make_task(replace(SPEC, num_outputs=2))
    inputs, _ = make_batch(60)
    labels = torch.arange(60) % 2
    for part in torch.arange(60).split(16):
        task.validation_step((inputs[part], labels[part]), 0)
    second = task(inputs).softmax(-1).detach().double()[:, 1]
    found = task.val.compute()
    assert float(found["auroc"]) == pytest.approx(roc_auc_score(labels, second), rel=1e-6)
    assert float(found["ap"]) == pytest.approx(average_precision_score(labels, second), rel=1e-6)
    assert float(found["brier"]) == pytest.approx(brier_score_loss(labels, second), rel=1e-6)


@pytest.mark.parametrize(
    ("classes", "with_", "without"),
    [(2, "auroc", "top5"), (5, "acc", "top5"), (5, "acc", "brier"), (6, "top5", "balanced_acc")],
)
def test_what_is_logged_goes_by_the_number_of_classes(classes, with_, without):
    task = make_task(replace(SPEC, num_outputs=classes))
    task.validation_step((make_batch()[0], torch.arange(12) % classes), 0)
    measured = {f"val/{name}" for name in task.val.compute()}
    assert measured == {name for name in task.metrics if name.startswith("val/")}
    assert f"val/{with_}" in measured
    assert f"val/{without}" not in measured


def test_a_further_metric_begins_anew_with_each_validation():
    task = make_task()
    task.add_metrics(lambda: {"auroc": MulticlassAUROC(6)})
    found = []
    for _ in range(2):
        task.validation_step(make_batch(), 0)
        found.append(float(task.val.compute()["auroc"]))
    assert found[0] == found[1]


@pytest.mark.parametrize("size", [1, 3, 12])
def test_metrics_do_not_depend_on_how_a_part_is_divided(size):
    """In the first batch all samples are right, so all metrics have equal counts there."""
    task = make_task()
    inputs, _ = make_batch(60)
    labels = task(inputs).argmax(-1)
    labels[12:] = torch.arange(48) % 6
    for begin in range(0, 60, size):
        task.validation_step((inputs[begin : begin + size], labels[begin : begin + size]), 0)
    found = task.val.compute()
    logits = task(inputs).detach()
    top = top_k_accuracy_score(labels, logits, k=5, labels=range(6))
    assert float(found["top5"]) == pytest.approx(top)
    assert float(found["acc"]) == pytest.approx(float((logits.argmax(-1) == labels).float().mean()))
    expected = precision_recall_fscore_support(
        labels, logits.argmax(-1), average="macro", zero_division=0
    )
    values = [float(found[name]) for name in ("precision", "recall", "f1")]
    assert values == pytest.approx(expected[:3], rel=1e-5)
