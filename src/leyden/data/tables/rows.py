"""Rows of numbers in memory, with a class or a number each."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from leyden.data.batches import Batch, BatchIndices


@dataclass(frozen=True)
class TableRows:
    """A split of a table.

    Attributes:
        features: Scaled features of each row.
        targets: Classes (rows), or scaled numbers (rows, outputs).
        is_missing: Whether the cell of each column was missing and is filled; None: not known.
    """

    features: Float[Tensor, "rows features"]
    targets: Shaped[Tensor, "rows *outputs"]
    is_missing: Bool[Tensor, "rows columns"] | None = None

    @property
    def labels(self) -> Int[Tensor, " rows"] | None:
        """Class of each row, where targets are classes."""
        return None if self.targets.is_floating_point() else self.targets

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        # Four times as fast as features[index]
        return self.features.index_select(0, batch.index), self.targets.index_select(0, batch.index)
