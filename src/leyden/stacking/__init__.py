"""Runs that differ only in numbers, trained together: their networks are one stacked network."""

from leyden.stacking.likeness import likeness, obstacle
from leyden.stacking.lockstep import Seat, in_lockstep

__all__ = ["Seat", "in_lockstep", "likeness", "obstacle"]
