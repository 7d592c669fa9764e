"""The baselines of a data set, by its task."""

import time
import warnings
from collections.abc import Iterator
from dataclasses import replace

from leyden.baselines.baseline import Baseline
from leyden.baselines.classification import class_baselines
from leyden.baselines.regression import number_baselines
from leyden.baselines.text import text_baselines
from leyden.data.splits import DataSplits

BY_TASK = {
    "classification": class_baselines,
    "regression": number_baselines,
    "language_modeling": text_baselines,
}


def baselines_of(splits: DataSplits) -> list[Baseline]:
    """Fits and scores the baselines of the data's task; the same data gives the same numbers.

    Args:
        splits: Data set that was read; its vectors, images, series or tokens are taken as networks
            get them, without augmentation.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a baseline that has not converged is one nevertheless
        return list(timed(BY_TASK[splits.spec.task_name](splits)))


def timed(found: Iterator[Baseline]) -> Iterator[Baseline]:
    """Baselines with the seconds that each took."""
    begun = time.monotonic()
    for one in found:
        yield replace(one, seconds=round(time.monotonic() - begun, 3))
        begun = time.monotonic()
