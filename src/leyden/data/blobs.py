"""Clouds of points: a classification whose every sample can be drawn."""

from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge

from leyden.data.datamodule import DataModule
from leyden.data.parts import Parts
from leyden.data.spec import Kind, Spec, TaskName
from leyden.data.table import Rows
from leyden.ranges import PositiveFloat, PositiveInt


class Blobs(DataModule):
    """Points around centres on the unit circle, one class each; the same in every run.

    70 % train, 15 % validate, 15 % test.

    Args:
        num_classes: Number of clouds.
        num_samples: Points of all of them together.
        std: Standard deviation of each cloud, in each direction.
        shared: Those of `DataModule`.
    """

    kind: ClassVar[Kind] = "table"
    task: ClassVar[TaskName | None] = "classification"

    def __init__(
        self,
        *,
        num_classes: PositiveInt = 3,
        num_samples: Annotated[int, Ge(20)] = 1000,
        std: PositiveFloat = 0.35,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.num_classes = num_classes
        self.num_samples = num_samples
        self.std = std

    def load(self) -> Parts:
        generator = torch.Generator().manual_seed(0)
        labels = torch.arange(self.num_samples) % self.num_classes
        angles = 2 * torch.pi * labels / self.num_classes
        centres = torch.stack([angles.cos(), angles.sin()], dim=1)
        points = centres + self.std * torch.randn(self.num_samples, 2, generator=generator)
        order = torch.randperm(self.num_samples, generator=generator)
        ends = [int(self.num_samples * share) for share in (0.7, 0.85)]
        train, val, test = (Rows(points[part], labels[part]) for part in order.tensor_split(ends))
        spec = Spec("table", (2,), self.num_classes, task="classification")
        return Parts(spec, train, val, test)
