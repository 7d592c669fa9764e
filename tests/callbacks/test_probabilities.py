"""Precision, recall and calibration are those of references."""

import numpy as np
import pytest
import torch
from sklearn.metrics import precision_score, recall_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter
from torchmetrics.functional.classification import multiclass_calibration_error

from leyden.callbacks.calibration import BLUE, calibration_diagram, calibration_of
from leyden.callbacks.pr_curves import (
    THRESHOLDS,
    count_above,
    precision_and_recall,
    write_curves,
)


@pytest.fixture
def predicted():
    """Probabilities of three classes, and labels that mostly agree with them."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (200,), generator=generator)
    logits = torch.randn(200, 3, generator=generator) + 2 * torch.eye(3)[labels]
    return logits.softmax(-1), labels


@pytest.mark.parametrize("threshold", [0, 20, 63, 100])
def test_precision_and_recall_are_scikit_learns_at_a_threshold(predicted, threshold):
    shares, labels = predicted
    precision, recall = precision_and_recall(count_above(shares, labels, [1]).of(0))
    is_above = (shares[:, 1].double() * (THRESHOLDS - 1) >= threshold).numpy()
    is_class = (labels == 1).numpy()
    assert precision[threshold] == pytest.approx(precision_score(is_class, is_above))
    assert recall[threshold] == pytest.approx(recall_score(is_class, is_above))


def test_pooled_counts_are_those_of_all_pairs_of_sample_and_class(predicted):
    shares, labels = predicted
    pooled = count_above(shares, labels, range(3)).pooled()
    assert pooled.true[0] == 200
    assert pooled.false[0] == 400
    is_above = shares.double() * (THRESHOLDS - 1) >= 63
    assert pooled.true[63] == (is_above & (torch.eye(3)[labels] > 0)).sum()
    assert (pooled.true + pooled.false)[63] == is_above.sum()


@pytest.mark.parametrize(
    ("classes", "most", "expected"),
    [
        (2, 10, {"pr/dog"}),
        (3, 10, {"pr/all classes", "pr/cat", "pr/dog", "pr/cow"}),
        (3, 1, {"pr/all classes", "pr/cat"}),
        (3, 0, set()),
    ],
)
def test_the_second_of_two_classes_has_a_curve_and_the_first_few_of_more(
    tmp_path, classes, most, expected
):
    labels = torch.arange(classes)
    shares, names = torch.eye(classes), ["cat", "dog", "cow"][:classes]
    with SummaryWriter(str(tmp_path)) as writer:
        write_curves(writer, shares, labels, names, most=most, step=7)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["tensors"]) == expected
    for tag in expected:
        (event,) = events.Tensors(tag)
        table = np.array(event.tensor_proto.float_val).reshape(6, THRESHOLDS)
        assert event.step == 7
        assert table[5, -1] == 1  # recall of certain predictions


def test_the_calibration_error_is_that_of_torchmetrics(predicted):
    shares, labels = predicted
    found = calibration_of(shares, labels)
    expected = multiclass_calibration_error(shares, labels, num_classes=3, n_bins=15, norm="l1")
    assert found.error == pytest.approx(float(expected), abs=1e-6)
    assert int(found.samples.sum()) == 200


def test_a_calibration_by_hand():
    shares = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]])
    found = calibration_of(shares, torch.tensor([0, 1, 1]), bins=2)
    assert found.samples.tolist() == [0, 3]
    assert found.accuracy[1] == pytest.approx(2 / 3)
    assert found.error == pytest.approx(0.8 - 2 / 3, abs=1e-6)


@pytest.mark.parametrize("shares", [torch.eye(2), torch.full((2, 2), 0.5)])
def test_a_diagram_has_a_point_for_the_bin_that_has_samples(shares):
    picture = calibration_diagram(calibration_of(shares, torch.tensor([0, 1])))
    pixels = np.asarray(picture).reshape(-1, 3)
    assert (pixels == BLUE).all(-1).sum() > 20
