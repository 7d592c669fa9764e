"""How an epoch's steps follow each other."""

from leyden.loops.clock import Lap, StepClock
from leyden.loops.epoch import EpochLoop
from leyden.loops.values import log_evaluation, log_value, loop_of, write_values

__all__ = [
    "EpochLoop",
    "Lap",
    "StepClock",
    "log_evaluation",
    "log_value",
    "loop_of",
    "write_values",
]
