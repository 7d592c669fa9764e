"""The three parts of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from leyden.data.batches import BatchedDataset
from leyden.data.report import DataReport
from leyden.data.spec import Spec
from leyden.data.split_names import SplitName


@dataclass(frozen=True)
class DataSplits:
    """A data set: what it is, and its training, validation and test part.

    Attributes:
        report: What was read, and what was done with it, for the user to know.
    """

    spec: Spec
    train: BatchedDataset
    val: BatchedDataset
    test: BatchedDataset
    report: DataReport = field(default_factory=DataReport)

    def __iter__(self) -> Iterator[tuple[SplitName, BatchedDataset]]:
        """The parts with their names."""
        yield from (("train", self.train), ("val", self.val), ("test", self.test))
