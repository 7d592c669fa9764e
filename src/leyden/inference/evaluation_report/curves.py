"""ROC curves, and curves of precision and recall, of each class against the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leyden.inference.evaluation_report.outputs import Array, Codes

MOST_CURVES = 10
GRID = np.linspace(0, 1, 501)


@dataclass(frozen=True)
class Curve:
    """A curve.

    Attributes:
        name: Name of the class; `mean` of that over the classes.
        across: Values of the horizontal axis, rising.
        up: Values of the vertical axis.
        area: Area under the ROC curve; or average precision.
    """

    name: str
    across: Array
    up: Array
    area: float


@dataclass(frozen=True)
class Curves:
    """The curves of a test.

    Attributes:
        roc: True positive rate over false positive rate; the mean is the last.
        precision: Precision over recall; the mean is the last.
        num_others: Classes that have no curve of their own since there are too many.
        absent: Classes that have no curve since all samples are of them, or none.
    """

    roc: list[Curve]
    precision: list[Curve]
    num_others: int
    absent: list[str]


def curves_of(probabilities: Array, labels: Codes, names: Sequence[str]) -> Curves:
    """The curves of the second of two classes; of more classes those with the least areas.

    Args:
        probabilities: Probability of each class (n, classes).
        labels: True classes.
        names: Names of the classes.
    """
    wanted = [1] if len(names) == 2 else list(range(len(names)))
    seen = [code for code in wanted if 0 < (labels == code).sum() < len(labels)]
    roc = [roc_of(names[code], probabilities[:, code], labels == code) for code in seen]
    precision = [precision_of(names[code], probabilities[:, code], labels == code) for code in seen]
    absent = [names[code] for code in wanted if code not in seen]
    shown = [_least(roc), _least(precision)]
    num_others = len(seen) - len(shown[0])
    if len(seen) > 1:
        shown[0].append(_mean(roc, [np.interp(GRID, one.across, one.up) for one in roc]))
        shown[1].append(_mean(precision, [_steps(one) for one in precision]))
    return Curves(shown[0], shown[1], num_others, absent)


def _least(curves: list[Curve]) -> list[Curve]:
    """The curves with the least areas, in the order of the classes."""
    if len(curves) <= MOST_CURVES:
        return list(curves)
    limit = sorted(one.area for one in curves)[MOST_CURVES - 1]
    return [one for one in curves if one.area <= limit][:MOST_CURVES]


def _mean(curves: list[Curve], ups: list[Array]) -> Curve:
    """The mean over classes; its area is the mean of the areas."""
    area = sum(one.area for one in curves) / len(curves)
    return Curve("mean", GRID, np.mean(ups, axis=0), area)


def _steps(curve: Curve) -> Array:
    """The precision at which each recall is reached; between two thresholds it does not change."""
    places = np.searchsorted(curve.across, GRID, side="left")
    values: Array = curve.up[places.clip(max=len(curve.up) - 1)]
    return values


def roc_of(name: str, scores: Array, is_class: Codes) -> Curve:
    """The ROC curve of scores."""
    from sklearn.metrics import roc_auc_score, roc_curve

    false, true, _ = roc_curve(is_class, scores)
    return Curve(name, false, true, float(roc_auc_score(is_class, scores)))


def precision_of(name: str, scores: Array, is_class: Codes) -> Curve:
    """The curve of precision over recall."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, _ = precision_recall_curve(is_class, scores, drop_intermediate=True)
    area = float(average_precision_score(is_class, scores))
    return Curve(name, recall[::-1], precision[::-1], area)
