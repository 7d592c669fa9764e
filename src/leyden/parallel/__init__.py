"""How several processes share a run: strategies, and networks whose parameters are split."""

from leyden.parallel.checkpoint_io import MarkedCheckpoint
from leyden.parallel.sharding import is_split, own_part, shard, share_buffers, whole
from leyden.parallel.strategy import FullyShardedStrategy, strategy_of

__all__ = [
    "FullyShardedStrategy",
    "MarkedCheckpoint",
    "is_split",
    "own_part",
    "shard",
    "share_buffers",
    "strategy_of",
    "whole",
]
