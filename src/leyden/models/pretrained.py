"""Initial weights that a network knows of: a run loads them when it starts."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Pretrained:
    """Weights for a network that was built without them; its attribute `pretrained`.

    Attributes:
        load: Gives the weights by the network's own names of its parameters.
        source: What the user typed, for messages.
        new: Names, or beginnings of names, of modules that are made for the data's classes; the
            weights need not have them.
    """

    load: Callable[[], dict[str, Tensor]]
    source: str
    new: tuple[str, ...]
