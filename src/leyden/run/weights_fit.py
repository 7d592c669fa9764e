"""Which weights of a file a network takes, and which it does not."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

BATCHES_SEEN = "num_batches_tracked"
"""A counter of batch norms, which files of early torch versions do not have."""

Shape = tuple[int, ...]


@dataclass(frozen=True)
class WeightsFit:
    """What of some weights fits a network.

    Attributes:
        taken: Weights of the same name and shape, by the network's names.
        not_taken: Shapes in the file and in the network by name, where they are not the same; None:
            it is not there.
        prefix: What was taken off the file's names, such as `model.`; empty: nothing.
    """

    taken: dict[str, Tensor]
    not_taken: dict[str, tuple[Shape | None, Shape | None]]
    prefix: str = ""

    def misfits(self, new: tuple[str, ...] = ()) -> list[str]:
        """The names that do not fit, but for those that begin with one of `new`."""
        return [name for name in self.not_taken if not (new and name.startswith(new))]


def fit_weights(weights: Mapping[str, Tensor], net: Mapping[str, Tensor]) -> WeightsFit:
    """Compares weights with a network by name and shape.

    Where no name is the network's, but all begin with the same word, as behind a wrapper, the names
    after it are tried.

    Args:
        weights: Of a file.
        net: State dict of the network; may be on the meta device.
    """
    first = {name.partition(".")[0] for name in weights}
    prefix = ""
    if len(first) == 1 and not net.keys() & weights.keys():
        shorter = {name.partition(".")[2]: tensor for name, tensor in weights.items()}
        if net.keys() & shorter.keys():
            weights, prefix = shorter, f"{first.pop()}."
    shapes = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    ours = {name: tuple(tensor.shape) for name, tensor in net.items()}
    names = [*ours, *(name for name in shapes if name not in ours)]
    not_taken = {
        name: (shapes.get(name), ours.get(name))
        for name in names
        if shapes.get(name) != ours.get(name)
        and not (name.endswith(BATCHES_SEEN) and name not in shapes)
    }
    taken = {name: weights[name] for name in ours if name in shapes and name not in not_taken}
    return WeightsFit(taken, not_taken, prefix)


def digest_of_weights(weights: Mapping[str, Tensor]) -> str:
    """sha256 of the names and values, whatever file they come from."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
