"""`leyden calibrate`: probabilities that mean what they say, and who uses them."""

import json

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from leyden.inference.calibrate import isotonic_curves, scores, temperature_of
from leyden.run.calibration import Calibration, softmax

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(2000, 4)) * 2
LABELS = np.array([RANDOM.choice(4, p=row) for row in softmax(LOGITS)])


def test_labels_that_are_drawn_from_the_probabilities_have_a_temperature_of_1():
    assert temperature_of(LOGITS, LABELS) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("factor", [0.2, 3.0, 10.0])
def test_logits_that_are_multiplied_have_a_temperature_so_many_times_as_high(factor):
    expected = factor * temperature_of(LOGITS, LABELS)
    assert temperature_of(factor * LOGITS, LABELS) == pytest.approx(expected, rel=1e-3)


def test_isotonic_probabilities_are_those_of_scikit_learn_divided_by_their_sum():
    shares = softmax(3 * LOGITS)
    found = Calibration("isotonic", "", curves=isotonic_curves(shares, LABELS))
    each = np.stack(
        [
            IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
            .fit(shares[:, k], k == LABELS)
            .predict(shares[:, k])
            for k in range(4)
        ],
        axis=1,
    )
    expected = each / each.sum(1, keepdims=True)
    np.testing.assert_allclose(found.probabilities(3 * LOGITS), expected, atol=1e-9)


def test_overconfident_probabilities_get_a_small_calibration_error():
    before = scores(softmax(4 * LOGITS), LABELS)
    found = Calibration("temperature", "", temperature_of(4 * LOGITS, LABELS))
    after = scores(found.probabilities(4 * LOGITS), LABELS)
    assert after["ece"] < 0.03 < 0.15 < before["ece"]
    assert after["loss"] < before["loss"]
    assert after["acc"] == before["acc"]


@pytest.fixture
def blobs(leyden):
    """A run on overlapping clouds of points."""
    words = ("data=blobs", "data.std=0.7", "trainer.max_epochs=30", "scheduler=constant")
    return leyden("train", *words, "logger=null", "baselines=null", "run_dir=blobs").folder


def probabilities(leyden, folder, name):
    result = leyden("predict", str(folder), "points.csv", "--out", name)
    assert result.status == 0, result.err
    table = pd.read_csv(name)
    return table[[f"probability {k}" for k in range(3)]].to_numpy(), result.err


def test_predictions_and_exports_use_what_was_fitted(blobs, leyden, tmp_path):
    points = RANDOM.normal(size=(50, 2)).astype(np.float32)
    pd.DataFrame(points, columns=["0", "1"]).to_csv(tmp_path / "points.csv", index=False)
    before, said = probabilities(leyden, blobs, "before.csv")
    assert "calibrated" not in said
    uses = len((blobs / "test_uses.jsonl").read_text().splitlines())
    result = leyden("calibrate", str(blobs), "--json")
    assert result.status == 0, result.err
    told = json.loads(result.out)
    measured = json.loads((blobs / "run.json").read_text())["metrics"]
    for name in ("loss", "ece", "acc"):
        assert told["before"][name] == pytest.approx(measured[f"test/{name}"], rel=1e-4)
    assert len((blobs / "test_uses.jsonl").read_text().splitlines()) == uses + 1
    after, said = probabilities(leyden, blobs, "after.csv")
    assert f"probabilities are calibrated: temperature {told['temperature']:.4g}" in said
    expected = softmax(np.log(before) / told["temperature"])
    np.testing.assert_allclose(after, expected, atol=1e-6)
    leyden("export", str(blobs), "--format", "onnx", "--output", "out")
    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    np.testing.assert_allclose(session.run(None, {"inputs": points})[0], after, atol=1e-5)


def test_isotonic_curves_are_used_and_said_not_to_be_exported(blobs, leyden, tmp_path):
    pd.DataFrame({"0": [0.1], "1": [0.2]}).to_csv(tmp_path / "points.csv", index=False)
    assert leyden("calibrate", str(blobs), "--method", "isotonic").status == 0
    after, said = probabilities(leyden, blobs, "after.csv")
    assert "probabilities are calibrated: isotonic curves" in said
    assert after.sum() == pytest.approx(1)
    exported = leyden("export", str(blobs), "--format", "torch", "--output", "out")
    assert "the isotonic calibration is not in the file" in exported.err


def test_a_regression_has_nothing_to_calibrate(leyden):
    folder = leyden(
        "train",
        "data=line",
        "data.batch_size=4",
        "trainer.max_steps=2",
        "trainer.max_epochs=null",
        "logger=null",
        "run_dir=line",
    ).folder
    result = leyden("calibrate", str(folder))
    assert result.status == 2
    assert "predicts no classes" in result.err
