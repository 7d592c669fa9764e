"""Tables that are computed: clouds of points, and the line y = 2 x."""

from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge

from leyden.data.class_splits import split_labelled
from leyden.data.datamodule import DataModule
from leyden.data.folds import INSTEAD
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec, TaskName
from leyden.data.splits import DataSplits
from leyden.data.tables.preparation import unscaled_columns
from leyden.data.tables.rows import TableRows
from leyden.types import PositiveFloat, PositiveInt


class Blobs(DataModule):
    """Points around centres on the unit circle, one class each; the same in every run.

    70 % train, 15 % validate, 15 % test, each class alike.

    Args:
        num_classes: Number of clouds.
        num_samples: Points of all of them together.
        std: Standard deviation of each cloud, in each direction.
        split: How samples are split, see `SplitRule`; there is no column to split by.
        shared: Arguments of `DataModule`.
    """

    kind: ClassVar[DataKind] = "table"
    task: ClassVar[TaskName | None] = "classification"

    def __init__(
        self,
        *,
        num_classes: PositiveInt = 3,
        num_samples: Annotated[int, Ge(20)] = 1000,
        std: PositiveFloat = 0.35,
        split: dict[str, Any] | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.num_classes = num_classes
        self.num_samples = num_samples
        self.std = std
        self.split = split

    def load(self) -> DataSplits:
        generator = torch.Generator().manual_seed(0)
        labels = torch.arange(self.num_samples) % self.num_classes
        angles = 2 * torch.pi * labels / self.num_classes
        centres = torch.stack([angles.cos(), angles.sin()], dim=1)
        points = centres + self.std * torch.randn(self.num_samples, 2, generator=generator)
        report = DataReport()
        cut = split_labelled(self.split, labels, (0.7, 0.15, 0.15), report)
        train, val, test = (TableRows(points[part], labels[part]) for part in cut)
        spec = Spec("table", (2,), self.num_classes, task="classification")
        return DataSplits(spec, train, val, test, report, unscaled_columns(("0", "1"), "class"))


class Line(DataModule):
    """Trains on x = 1, 2, 3, 4; validates between them, tests beyond them.

    Nothing is scaled, so that a linear model ends at weight 2 and bias 0.

    Args:
        shared: Arguments of `DataModule`. `batch_size` 4 is gradient descent, 1 stochastic gradient
            descent, 2 in between.
    """

    kind: ClassVar[DataKind] = "table"
    task: ClassVar[TaskName | None] = "regression"
    no_folds: ClassVar[str] = f"is not for a line whose validation points are given; {INSTEAD}"

    def __init__(self, **shared: Any) -> None:
        super().__init__(**shared)

    def load(self) -> DataSplits:
        train, val, test = (
            TableRows(torch.tensor(x)[:, None], 2 * torch.tensor(x)[:, None])
            for x in ([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5], [5.0, 6.0, 7.0])
        )
        return DataSplits(
            Spec("table", (1,), 1, task="regression", target_name="y"),
            train,
            val,
            test,
            preparation=unscaled_columns(("x",), "y"),
        )
