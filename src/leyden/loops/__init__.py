"""How an epoch's steps follow each other."""

from leyden.loops.epoch import EpochLoop
from leyden.loops.values import log_evaluation, log_value, write_values

__all__ = ["EpochLoop", "log_evaluation", "log_value", "write_values"]
