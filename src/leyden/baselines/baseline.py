"""The baselines of a data set, by its task."""

import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from leyden.data.splits import DataSplits

Scores = dict[str, float]
"""Metrics of a baseline, by names such as `test/acc`."""


@dataclass(frozen=True)
class Baseline:
    """What a simple model reaches.

    Attributes:
        name: Name of the model.
        is_trivial: Whether it sees no inputs.
        metrics: Its metrics on the validation and test part; those that it has.
        train_samples: Number of training samples that it was fitted to.
        seconds: Seconds that it took, for fitting and scoring.
    """

    name: str
    is_trivial: bool
    metrics: Scores
    train_samples: int
    seconds: float = 0.0

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def baselines_of(splits: DataSplits) -> list[Baseline]:
    """Fits and scores the baselines of the data's task; the same data gives the same numbers.

    Args:
        splits: Data set that was read; its vectors, images, series or tokens are taken as networks
            get them, without augmentation.
    """
    from leyden.baselines.classification import class_baselines
    from leyden.baselines.regression import number_baselines
    from leyden.baselines.text import text_baselines

    by_task = {
        "classification": class_baselines,
        "regression": number_baselines,
        "language_modeling": text_baselines,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a baseline that has not converged is one nevertheless
        return list(timed(by_task[splits.spec.task_name](splits)))


def timed(found: Iterator[Baseline]) -> Iterator[Baseline]:
    """Baselines with the seconds that each took."""
    begun = time.monotonic()
    for one in found:
        yield Baseline(
            one.name,
            one.is_trivial,
            one.metrics,
            one.train_samples,
            round(time.monotonic() - begun, 3),
        )
        begun = time.monotonic()
