"""What the samples of a classification's test tell: intervals, a table of classes, calibration."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from leyden.tasks.intervals import (
    Interval,
    bootstrap_means,
    num_resamples,
    percentiles,
    resamples,
    wilson,
)
from leyden.tasks.sample_values import Columns, SampleStatistics

NUM_BINS = 15
"""Bins of the calibration, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""

MOST_CLASSES = 50
"""Classes up to which the confusion matrix is recorded."""

COLUMNS = ("label", "predicted", "confidence", "loss", "second", "in_top")

Array = NDArray[np.float64]


def class_statistics(
    samples: Columns, *, class_names: list[str], top_name: str | None
) -> SampleStatistics:
    """Intervals, the calibration error, and the tables of a test part.

    Args:
        samples: `COLUMNS` of each sample: its class, the likeliest class and its probability, the
            cross-entropy, the probability of the second class, whether the class is among the
            likeliest.
        class_names: Names of all classes.
        top_name: Name of the share of labels among the likeliest; None: it is not measured.
    """
    if not all(np.isfinite(column).all() for column in samples.values()):
        return SampleStatistics()  # the run ends as diverged
    labels, predicted = (samples[name].astype(np.int64) for name in ("label", "predicted"))
    count, right = len(labels), labels == predicted
    bins = calibration(samples["confidence"], right)
    ece = calibration_error(samples["confidence"], right)
    intervals: dict[str, Interval] = {"acc": wilson(float(right.sum()), count)}
    if top_name is not None:
        intervals[top_name] = wilson(float(samples["in_top"].sum()), count)
    intervals |= bootstrap_means(samples["loss"][:, None], lambda means: {"loss": means[:, 0]})
    intervals |= macro_intervals(labels, predicted, len(class_names))
    if len(class_names) == 2:
        intervals |= two_class_intervals(samples["second"], labels)
    cells = np.zeros((len(class_names), len(class_names)), dtype=np.int64)
    np.add.at(cells, (labels, predicted), 1)
    details = {
        "samples": count,
        "classes": class_table(cells, class_names),
        "confusion": cells.tolist() if len(class_names) <= MOST_CLASSES else None,
        "calibration": bins,
        "ece": ece,
    }
    return SampleStatistics({"ece": float(ece)}, intervals, details)


def calibration_error(confidence: Array, right: NDArray[np.bool_]) -> float:
    """The mean distance of accuracy from confidence over the bins, by their samples."""
    bins = calibration(confidence, right)
    off = sum(one["count"] * abs(one["accuracy"] - one["confidence"]) for one in bins)
    return off / len(right)


def calibration(confidence: Array, right: NDArray[np.bool_]) -> list[dict[str, float]]:
    """Mean confidence and accuracy of the samples in each bin of the confidence that has some."""
    places = np.clip(np.ceil(confidence * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)
    found = []
    for place in range(NUM_BINS):
        chosen = places == place
        if chosen.any():
            found.append(
                {
                    "confidence": float(confidence[chosen].mean()),
                    "accuracy": float(right[chosen].mean()),
                    "count": int(chosen.sum()),
                }
            )
    return found


def class_table(cells: NDArray[np.int64], names: list[str]) -> list[dict[str, Any]]:
    """Samples, precision, recall and F1 of each class; None where nothing can be divided.

    Args:
        cells: Samples of each class (rows) that were taken for each class (columns).
        names: Names of the classes.
    """
    rows = []
    for place, name in enumerate(names):
        hits, support = int(cells[place, place]), int(cells[place].sum())
        taken = int(cells[:, place].sum())
        rows.append(
            {
                "name": name,
                "support": support,
                "precision": hits / taken if taken else None,
                "recall": hits / support if support else None,
                "f1": 2 * hits / (taken + support) if taken + support else None,
            }
        )
    return rows


def macro_intervals(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], num_classes: int
) -> dict[str, Interval]:
    """Intervals of precision, recall and F1, the means over the classes.

    A resample of the samples is a draw of the counts of the confusion matrix's cells.
    """
    codes, counts = np.unique(labels * num_classes + predicted, return_counts=True)
    number = num_resamples(len(labels))
    drawn = np.random.default_rng(0).multinomial(len(labels), counts / len(labels), size=number)
    cells = np.arange(len(codes))
    shape, ones = (len(codes), num_classes), np.ones(len(codes))
    of_label = csr_array((ones, (cells, codes // num_classes)), shape)
    of_predicted = csr_array((ones, (cells, codes % num_classes)), shape)
    is_hit = codes // num_classes == codes % num_classes
    support, taken = drawn @ of_label, drawn @ of_predicted
    hits = (drawn * is_hit) @ of_label
    seen = (support + taken) > 0  # torchmetrics leaves a class out that is neither there nor taken
    found = {
        "precision": _mean_over(seen, hits, taken),
        "recall": _mean_over(seen, hits, support),
        "f1": _mean_over(seen, 2 * hits, taken + support),
    }
    if num_classes == 2:
        found["balanced_acc"] = found["recall"]
    return {name: interval for name, values in found.items() if (interval := percentiles(values))}


def _mean_over(seen: NDArray[np.bool_], hits: Array, of: Array) -> Array:
    means: Array = (hits / np.maximum(of, 1)).sum(1) / seen.sum(1)
    return means


def two_class_intervals(second: Array, labels: NDArray[np.int64]) -> dict[str, Interval]:
    """Intervals of the Brier score, the area under the ROC curve, and the average precision.

    Args:
        second: Probability of the second class.
        labels: 1 for the second class.
    """
    squares = np.square(second - labels)[:, None]
    found = bootstrap_means(squares, lambda means: {"brier": means[:, 0]})
    order = np.argsort(-second, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(second[order])), len(order) - 1)  # of equal scores
    positive = (labels[order] == 1).astype(np.float64)
    areas, precisions = [], []
    for places in resamples(len(labels)):
        counts = np.stack([np.bincount(row, minlength=len(labels)) for row in places])
        weights = counts[:, order].astype(np.float64)
        hits = np.cumsum(weights * positive, axis=1)[:, ends]
        taken = np.cumsum(weights, axis=1)[:, ends]
        area, precision = ranking_scores(hits, taken)
        areas.append(area)
        precisions.append(precision)
    for name, values in (("auroc", areas), ("ap", precisions)):
        interval = percentiles(np.concatenate(values))
        if interval:
            found[name] = interval
    return found


def ranking_scores(hits: Array, taken: Array) -> tuple[Array, Array]:
    """Area under the ROC curve and average precision of each row; NaN with one class alone.

    Args:
        hits: Samples of the second class among those whose score is at least a threshold, with a
            column for each threshold, the highest first.
        taken: All samples among these.
    """
    positives, negatives = hits[:, -1:], taken[:, -1:] - hits[:, -1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, false = hits / positives, (taken - hits) / negatives
        precision = np.where(taken > 0, hits / taken, 1.0)
    zero = np.zeros((len(hits), 1))
    recall, false = np.hstack([zero, recall]), np.hstack([zero, false])
    area = (np.diff(false, axis=1) * (recall[:, 1:] + recall[:, :-1]) / 2).sum(1)
    return area, (np.diff(recall, axis=1) * precision).sum(1)
