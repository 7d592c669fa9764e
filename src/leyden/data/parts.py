"""The three parts of a data set."""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

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


def split(length: int, *sizes: int) -> tuple[Int[Tensor, " n"], ...]:
    """Cuts a shuffled data set into parts of the given sizes and the rest; always the same cut."""
    order = torch.randperm(length, generator=torch.Generator().manual_seed(0))
    ends = torch.tensor(sizes).cumsum(0).tolist()
    return tuple(order.tensor_split(ends))
