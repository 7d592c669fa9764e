"""Leyden: declare an experiment, check it, run it, keep it."""

__version__ = "0.1.0"
