"""The three parts of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from leyden.data.batches import Samples
from leyden.data.report import DataReport
from leyden.data.spec import Spec
from leyden.data.split_names import Part


@dataclass(frozen=True)
class Parts:
    """A data set: what it is, and its training, validation and test part.

    Attributes:
        report: What was read, and what was done with it, for the user to know.
    """

    spec: Spec
    train: Samples
    val: Samples
    test: Samples
    report: DataReport = field(default_factory=DataReport)

    def __iter__(self) -> Iterator[tuple[Part, Samples]]:
        """The parts with their names."""
        yield from (("train", self.train), ("val", self.val), ("test", self.test))
