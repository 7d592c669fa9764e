"""Numbers of each sample of a test part, from which intervals and tables are computed."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

Columns = dict[str, NDArray[np.float64]]
"""A number of each sample, by name."""


class SampleValues(Metric):
    """Keeps some numbers of each sample of a part.

    Args:
        names: Names of the numbers.
    """

    rows: list[Tensor] | Tensor

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self.names = names
        self.add_state("rows", default=[], dist_reduce_fx="cat")

    def update(self, **columns: Tensor) -> None:
        """Adds the samples of a batch: a number of each, by name."""
        assert isinstance(self.rows, list)
        # float32 is exact for classes below 2^24 and has seven digits, which intervals don't reach.
        self.rows.append(torch.stack([columns[name].detach().float() for name in self.names], -1))

    def compute(self) -> Tensor:
        """All samples: (samples, names)."""
        if isinstance(self.rows, Tensor):  # gathered from several processes
            return self.rows
        return torch.cat(self.rows) if self.rows else torch.empty(0, len(self.names))

    def columns(self) -> Columns:
        """The samples of all processes since the last call, by name."""
        rows = self.compute().cpu().double().numpy()
        self.reset()
        return dict(zip(self.names, rows.T, strict=True))


@dataclass(frozen=True)
class SampleStatistics:
    """What the samples of a test part tell beside the metrics.

    Attributes:
        metrics: Further metrics, by name.
        intervals: 95 % intervals of metrics over the samples, by name.
        details: Tables for the report, as plain values.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    details: dict[str, Any] | None = None
