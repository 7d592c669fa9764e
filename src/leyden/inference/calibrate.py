"""Calibration of a run's probabilities on its validation part, judged on its test part."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.data import DataModule
from leyden.data.batches import BatchedDataset
from leyden.errors import ConfigError, Problem
from leyden.events import Note, Observer
from leyden.inference.evaluate import record_use
from leyden.inference.load import checkpoint_of, load_run
from leyden.planning.read_data import read_data
from leyden.run.calibration import Array, Calibration, Method, write_calibration
from leyden.run.folder import read_frozen
from leyden.tasks.class_statistics import calibration_error
from leyden.tasks.part_outputs import outputs_and_targets

BOUNDS = (1e-2, 1e2)
"""Of the temperature."""


@dataclass(frozen=True)
class Calibrated:
    """What a calibration has changed.

    Attributes:
        found: The correction.
        before: Cross-entropy, calibration error, Brier score and accuracy of the test part without.
        after: The same with it.
    """

    found: Calibration
    before: dict[str, float]
    after: dict[str, float]


def calibrate(folder: Path, method: Method, *, observer: Observer) -> Calibrated:
    """Fits a correction of a run's probabilities to its validation part, and keeps it.

    Args:
        folder: Folder of the run.
        method: See `Calibration`.
        observer: Is told of a fit at the end of its bounds.

    Raises:
        ConfigError: The run has no classes, or its data is gone.
    """
    checkpoint = checkpoint_of(folder, "best")
    cfg = in_run_folder(read_frozen(folder), folder)
    if is_module_run(cfg):
        message = "trains a LightningModule of its own, whose outputs are not known to be logits"
        raise ConfigError([Problem("RUN", message, str(folder))])
    run = load_run(folder)
    if run.spec is None or run.spec.task_name != "classification":
        raise ConfigError(
            [Problem("RUN", "predicts no classes: nothing to calibrate", str(folder))]
        )
    data, _ = read_data(cfg, fetch=False)
    if not isinstance(data, DataModule) or not data.is_readable or data.is_synthetic:
        raise ConfigError(
            [Problem("RUN", "its data is not here: calibration needs it", str(folder))]
        )
    logits, labels = _outputs(run.net, data.splits.val)
    plain = Calibration("temperature", checkpoint.name)
    if method == "temperature":
        found = Calibration(method, checkpoint.name, temperature_of(logits, labels))
        if not 1.01 * BOUNDS[0] < found.temperature < 0.99 * BOUNDS[1]:
            observer(Note(f"warning: the temperature ended at {found.temperature:g}, its bound"))
    else:
        curves = isotonic_curves(plain.probabilities(logits), labels)
        found = Calibration(method, checkpoint.name, curves=curves)
    write_calibration(folder, found)
    test_logits, test_labels = _outputs(run.net, data.splits.test)
    record_use(folder, checkpoint, [f"calibrate={method}"], observer)
    return Calibrated(
        found,
        scores(plain.probabilities(test_logits), test_labels),
        scores(found.probabilities(test_logits), test_labels),
    )


def _outputs(net: nn.Module, part: BatchedDataset) -> tuple[Array, NDArray[np.int64]]:
    logits, labels = zip(*outputs_and_targets(net, part, torch.device("cpu")), strict=True)
    return torch.cat(logits).numpy(), torch.cat(labels).numpy()


def temperature_of(logits: Array, labels: NDArray[np.int64]) -> float:
    """The temperature with the least cross-entropy."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        found = Calibration("temperature", "", float(np.exp(log_temperature)))
        return cross_entropy(found.probabilities(logits), labels)

    told = minimize_scalar(loss, bounds=tuple(np.log(BOUNDS)), method="bounded")
    return float(np.exp(told.x))


def isotonic_curves(
    probabilities: Array, labels: NDArray[np.int64]
) -> tuple[tuple[list[float], list[float]], ...]:
    """A rising curve for each class, by scikit-learn: where it bends, and its values."""
    from sklearn.isotonic import IsotonicRegression

    curves = []
    for code in range(probabilities.shape[1]):
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        fitted.fit(probabilities[:, code], (labels == code).astype(float))
        curves.append((fitted.X_thresholds_.tolist(), fitted.y_thresholds_.tolist()))
    return tuple(curves)


def cross_entropy(probabilities: Array, labels: NDArray[np.int64]) -> float:
    """Mean of -log of the probability of each sample's class; at most that of 1e-12."""
    own = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def scores(probabilities: Array, labels: NDArray[np.int64]) -> dict[str, float]:
    """How good probabilities are."""
    told = probabilities.argmax(1)
    right = np.eye(probabilities.shape[1])[labels]
    return {
        "loss": cross_entropy(probabilities, labels),
        "ece": calibration_error(probabilities.max(1), told == labels),
        "brier": float(np.square(probabilities - right).sum(1).mean()),
        "acc": float((told == labels).mean()),
    }
