"""Weights that a network of another library begins with."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

DEFAULT = "DEFAULT"
"""Stands for the weights that a library recommends for a network, and fetches."""


@dataclass(frozen=True)
class Pretrained:
    """The weights that a run of a network begins with; the network has them as `pretrained`.

    A constructor does not load them: a run that goes on, and one that is evaluated, has its
    checkpoint.

    Attributes:
        load: Gives the weights by the network's own names.
        source: What the config says, for messages.
        new: What names of modules begin with that are made for the data's classes: the weights need
            not have them.
        fetches: Whether `load` may fetch them from the internet.
    """

    load: Callable[[], dict[str, Tensor]]
    source: str
    new: tuple[str, ...] = ()
    fetches: bool = False


def head_of(make: Callable[[int], nn.Module], num_outputs: int) -> tuple[str, ...]:
    """Names of the parameters of a network whose shapes follow from its number of outputs.

    Args:
        make: Makes the network for a number of outputs.
        num_outputs: Of the network that is trained.
    """
    with torch.random.fork_rng(devices=()), torch.device("meta"):
        ours, others = (make(number).state_dict() for number in (num_outputs, num_outputs + 1))
    return tuple(name for name, tensor in ours.items() if tensor.shape != others[name].shape)
