"""The parts of a data set as matrices, for models that take all samples at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from leyden.data.batches import BatchedDataset, BatchIndices
from leyden.data.spec import Spec
from leyden.data.splits import DataSplits

Array = NDArray[np.float32]

MOST_SAMPLES = 20_000
"""Training samples that a baseline is fitted to: more take minutes and help little."""

MOST_NUMBERS = 5_000_000
"""Numbers in these samples: of wide ones there are fewer."""

LARGEST_SIDE = 32
"""Sides of images: larger ones are averaged down to it."""

READ_AT_ONCE = 1024


@dataclass(frozen=True)
class Part:
    """Samples of a part: a row of inputs each, and the targets as the network gets them."""

    inputs: Array
    targets: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Matrices:
    """Training samples, at most so many, and all samples of the other parts."""

    train: Part
    val: Part
    test: Part

    @property
    def evaluated(self) -> dict[str, Part]:
        """The parts that baselines are scored on."""
        return {"val": self.val, "test": self.test}


def matrices(splits: DataSplits) -> Matrices:
    """The parts of a data set; of a large training part a random draw, always the same."""
    train = getattr(splits.train, "without_augmentation", splits.train)
    width = num_features(splits.spec)
    wanted = max(1, min(MOST_SAMPLES, MOST_NUMBERS // width))
    return Matrices(
        read_part(train, chosen(len(train), wanted)),
        *(read_part(part, np.arange(len(part))) for part in (splits.val, splits.test)),
    )


def chosen(count: int, wanted: int) -> NDArray[np.int64]:
    """Places of the samples that are taken, in ascending order."""
    if count <= wanted:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, wanted, replace=False))


def num_features(spec: Spec) -> int:
    """Numbers of a sample, as they are read here."""
    shape = spec.input_shape
    if spec.kind == "image":
        shape = (shape[0], *(min(side, LARGEST_SIDE) for side in shape[1:]))
    return int(np.prod(shape))


def read_part(part: BatchedDataset, places: NDArray[np.int64]) -> Part:
    """Some samples of a part."""
    inputs, targets = [], []
    for some in torch.split(torch.from_numpy(places), READ_AT_ONCE):
        x, y = part[BatchIndices(0, some)]
        inputs.append(flat(x))
        targets.append(y.double())
    return Part(torch.cat(inputs).numpy(), torch.cat(targets).numpy())


def flat(inputs: Tensor) -> Tensor:
    """A row of numbers for each sample; large images are averaged to smaller ones."""
    if inputs.ndim == 4 and max(inputs.shape[2:]) > LARGEST_SIDE:
        height, width = (min(side, LARGEST_SIDE) for side in inputs.shape[2:])
        inputs = F.adaptive_avg_pool2d(inputs.float(), (height, width))
    return inputs.float().flatten(1)


@contextmanager
def same_threads() -> Iterator[None]:
    """As many threads as torch has: the jobs of a sweep share the cores."""
    with threadpool_limits(limits=torch.get_num_threads()):
        yield
