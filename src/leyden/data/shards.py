"""A stream of tokens in files, read by memory map: only what is asked for is in memory."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor


class Shards:
    """Files of tokens, one after the other.

    Args:
        files: In order; without headers.
        lengths: Tokens of each.
        dtype: Of a token.
    """

    def __init__(self, files: list[Path], lengths: list[int], *, dtype: str) -> None:
        self.files = files
        self.ends = np.cumsum([0, *lengths])[1:]
        self.dtype = dtype

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def __getitem__(self, places: Int[Tensor, "batch length"]) -> Int[Tensor, "batch length"]:
        wanted = places.numpy()
        shards = np.searchsorted(self.ends, wanted, side="right")
        tokens = np.empty(wanted.shape, dtype=np.int64)
        for shard in np.unique(shards):
            inside = shards == shard
            begin = self.ends[shard - 1] if shard > 0 else 0
            tokens[inside] = mapped(self.files[shard], self.dtype)[wanted[inside] - begin]
        return torch.from_numpy(tokens)


@lru_cache(maxsize=512)  # each map keeps a file open
def mapped(file: Path, dtype: str) -> NDArray[Any]:
    """The tokens of a file, as if they were in memory.

    Not an attribute of `Shards`: that is sent to processes which read ahead, and a map would be
    sent with all that it holds.
    """
    return np.memmap(file, dtype=np.dtype(dtype).newbyteorder("<"), mode="r")
