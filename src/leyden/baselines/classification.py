"""Baselines of classifications, by scikit-learn."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torchmetrics import Metric

from leyden.baselines.baseline import Baseline, Scores
from leyden.baselines.samples import Matrices, Part, matrices, same_threads
from leyden.data.spec import Spec
from leyden.data.splits import DataSplits
from leyden.tasks.classification import scores, scores_of_two

NEIGHBORS = 5
OF_LABELS = ("acc", "precision", "recall", "f1")
"""Metrics that need no probabilities."""


def class_baselines(splits: DataSplits) -> Iterator[Baseline]:
    """The most frequent class, nearest mean, logistic regression; boosted trees, or neighbours.

    Of texts the most frequent class and a bag of tokens.
    """
    spec, parts = splits.spec, matrices(splits)
    labels = parts.train.targets.astype(np.int64)
    yield prior_baseline(spec, parts, labels)
    if len(np.unique(labels)) < 2:
        return
    if spec.kind == "text":
        yield bag_of_tokens(spec, parts, labels)
        return
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    # With each model, whether it gives probabilities. Neighbours give shares of five, of which many
    # are 0: no loss could be of them.
    models: list[tuple[str, Any, bool]] = [
        ("nearest mean", make_pipeline(StandardScaler(), NearestCentroid()), False),
        ("logistic regression", logistic, True),
    ]
    if spec.kind == "table":
        boosted = HistGradientBoostingClassifier(random_state=0)
        models.append(("gradient boosting", boosted, True))
    elif len(parts.train) >= NEIGHBORS:
        neighbors = KNeighborsClassifier(NEIGHBORS)
        models.append((f"{NEIGHBORS} nearest neighbours", neighbors, False))
    for name, model, has_shares in models:
        with same_threads():
            model.fit(parts.train.inputs, labels)
            metrics: Scores = {}
            for part, samples in parts.evaluated.items():
                if has_shares:
                    shares = whole_shares(
                        model.predict_proba(samples.inputs), model.classes_, spec.num_outputs
                    )
                    metrics |= of_shares(part, shares, samples, spec)
                else:
                    metrics |= of_labels(part, model.predict(samples.inputs), samples, spec)
        yield Baseline(name, False, metrics, len(parts.train))


def prior_baseline(spec: Spec, parts: Matrices, labels: NDArray[np.int64]) -> Baseline:
    """The shares of the classes in the training part, for every sample."""
    counts = np.array(spec.class_counts or np.bincount(labels, minlength=spec.num_outputs))
    known = np.repeat(np.arange(spec.num_outputs), counts)
    model = DummyClassifier(strategy="prior").fit(np.zeros((len(known), 1)), known)
    metrics: Scores = {}
    for part, samples in parts.evaluated.items():
        shares = model.predict_proba(np.zeros((len(samples), 1)))
        metrics |= of_shares(
            part, whole_shares(shares, model.classes_, spec.num_outputs), samples, spec
        )
    return Baseline("most frequent class", True, metrics, len(known))


def bag_of_tokens(spec: Spec, parts: Matrices, labels: NDArray[np.int64]) -> Baseline:
    """Logistic regression on how often each token is in a text, by TF-IDF: order says nothing."""
    model = make_pipeline(TfidfTransformer(sublinear_tf=True), LogisticRegression(max_iter=1000))
    with same_threads():
        model.fit(token_counts(parts.train, spec), labels)
        metrics: Scores = {}
        for part, samples in parts.evaluated.items():
            shares = model.predict_proba(token_counts(samples, spec))
            whole = whole_shares(shares, model.classes_, spec.num_outputs)
            metrics |= of_shares(part, whole, samples, spec)
    return Baseline("bag of tokens", False, metrics, len(parts.train))


def token_counts(part: Part, spec: Spec) -> csr_array:
    """How often each token is in each text, without what fills it up."""
    tokens = part.inputs.astype(np.int64)
    rows = np.repeat(np.arange(len(tokens)), tokens.shape[1])
    is_text = tokens.ravel() != (-1 if spec.padding is None else spec.padding)
    places = (rows[is_text], tokens.ravel()[is_text])
    ones = np.ones(int(is_text.sum()), dtype=np.float64)
    return csr_array((ones, places), shape=(len(tokens), spec.vocab_size))


def whole_shares(
    shares: NDArray[np.float64], classes: NDArray[np.int64], num_classes: int
) -> NDArray[np.float64]:
    """Probabilities of all classes: 0 for those that the training samples don't have."""
    found = np.zeros((len(shares), num_classes))
    found[:, classes] = shares
    return found


def of_shares(part: str, shares: NDArray[np.float64], samples: Part, spec: Spec) -> Scores:
    """The task's metrics of probabilities; no loss where a label has probability 0."""
    labels = torch.from_numpy(samples.targets).long()
    found = torch.from_numpy(shares)
    values = measured(scores(spec.num_outputs), found, labels)
    if spec.num_outputs == 2:
        values |= measured(scores_of_two(), found[:, 1], labels)
        values["balanced_acc"] = values["recall"]
    own = found[torch.arange(len(labels)), labels]
    if bool((own > 0).all()):
        values["loss"] = float(-own.log().mean())
    return {f"{part}/{name}": value for name, value in values.items()}


def of_labels(part: str, predicted: NDArray[np.int64], samples: Part, spec: Spec) -> Scores:
    """Those of the task's metrics that need no probabilities."""
    labels = torch.from_numpy(samples.targets).long()
    chosen = {name: one for name, one in scores(spec.num_outputs).items() if name in OF_LABELS}
    values = measured(chosen, torch.from_numpy(predicted), labels)
    if spec.num_outputs == 2:
        values["balanced_acc"] = values["recall"]
    return {f"{part}/{name}": value for name, value in values.items()}


def measured(metrics: dict[str, Metric], predicted: Tensor, labels: Tensor) -> Scores:
    """Values of metrics of torchmetrics."""
    found = {}
    for name, metric in metrics.items():
        metric.set_dtype(torch.double)
        metric.update(predicted, labels)
        found[name] = float(metric.compute())
    return found
