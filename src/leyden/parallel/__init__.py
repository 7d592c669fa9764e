"""How several processes share a run: strategies, and networks whose parameters are split."""

from leyden.parallel.checkpoint_io import AnyCheckpoint
from leyden.parallel.sharding import is_split, shard, whole
from leyden.parallel.strategy import FullyShardedStrategy, strategy_of

__all__ = ["AnyCheckpoint", "FullyShardedStrategy", "is_split", "shard", "strategy_of", "whole"]
