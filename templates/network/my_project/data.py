"""The data: points on two spirals, made anew from a fixed seed."""

from math import pi
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from leyden.data import BatchIndices, DataModule, DataSplits, Spec
from leyden.types import NonNegative, PositiveInt


class Points:
    """Points in the plane, each with the number of its spiral.

    Args:
        samples: Number of points.
        noise: Standard deviation of what is added to each coordinate.
        seed: Seed of the points.
    """

    def __init__(self, samples: int, noise: float, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.arange(samples) % 2
        angle = 0.5 + 2.5 * pi * torch.rand(samples, generator=generator).sqrt()
        turned = angle + pi * self.labels
        spiral = torch.stack([turned.cos(), turned.sin()], dim=1) * (angle / pi).unsqueeze(1)
        self.points = spiral + noise * torch.randn(samples, 2, generator=generator)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, batch: BatchIndices) -> tuple[Tensor, Tensor]:
        """The inputs and targets of a whole batch; its index is a tensor."""
        return self.points[batch.index], self.labels[batch.index]


class Spirals(DataModule):
    """Two spirals to be told apart.

    Args:
        samples: Number of points to train on; validation and test have a quarter as many each.
        noise: Standard deviation of what is added to each coordinate.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[Literal["table"]] = "table"
    task: ClassVar[Literal["classification"]] = "classification"

    def __init__(
        self, *, samples: PositiveInt = 2000, noise: NonNegative = 0.2, **shared: Any
    ) -> None:
        super().__init__(**shared)
        self.samples = samples
        self.noise = noise

    def load(self) -> DataSplits:
        """The three parts, each of other points."""
        spec = Spec("table", (2,), 2, task="classification", feature_names=("x", "y"))
        few = max(1, self.samples // 4)
        parts = (Points(n, self.noise, seed) for seed, n in enumerate((self.samples, few, few)))
        return DataSplits(spec, *parts)
