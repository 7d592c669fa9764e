"""The three parts of a data set."""

from dataclasses import dataclass

from leyden.data.loader import Samples
from leyden.data.spec import Spec


@dataclass(frozen=True)
class Parts:
    """A data set: what it is, and its training, validation and test part.

    Attributes:
        notes: What was done to the data that the user should know, a line each.
    """

    spec: Spec
    train: Samples
    val: Samples
    test: Samples
    notes: tuple[str, ...] = ()
