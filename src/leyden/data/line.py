"""The line y = 2 x: four points, on which gradient descent can be watched."""

from typing import Any, ClassVar

import torch

from leyden.data.datamodule import DataModule
from leyden.data.parts import Parts
from leyden.data.spec import Kind, Spec, TaskName
from leyden.data.table import Rows


class Line(DataModule):
    """Trains on x = 1, 2, 3, 4; validates between them, tests beyond them.

    Nothing is scaled, so that a linear model ends at weight 2 and bias 0.

    Args:
        shared: Those of `DataModule`. `batch_size` 4 is gradient descent, 1 stochastic gradient
            descent, 2 in between.
    """

    kind: ClassVar[Kind] = "table"
    task: ClassVar[TaskName | None] = "regression"

    def __init__(self, **shared: Any) -> None:
        super().__init__(**shared)

    def load(self) -> Parts:
        train, val, test = (
            Rows(torch.tensor(x)[:, None], 2 * torch.tensor(x)[:, None])
            for x in ([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.5], [5.0, 6.0, 7.0])
        )
        return Parts(Spec("table", (1,), 1, task="regression", target_name="y"), train, val, test)
