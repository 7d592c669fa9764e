"""The most memory that tensors take at a time while something is computed."""

import weakref
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class PeakMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages that are made while it is entered, on any device, `meta` too.

    Attributes:
        most: Bytes of those that were alive at a time. What was there before does not count, nor
            what kernels need inside.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive: dict[int, int] = {}
        self.now: int = 0
        self.most: int = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        before = {_key(tensor) for tensor in tree_leaves((args, kwargs)) if _is_tensor(tensor)}
        made = function(*args, **(kwargs or {}))
        for tensor in filter(_is_tensor, tree_leaves(made)):
            if _key(tensor) not in before and _key(tensor) not in self.alive:
                self._follow(tensor)
        return made

    def _follow(self, tensor: Tensor) -> None:
        key, storage = _key(tensor), tensor.untyped_storage()
        self.alive[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self.alive.pop(key)


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


def _key(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)
