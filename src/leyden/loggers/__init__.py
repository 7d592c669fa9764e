"""Where metrics go: files in the run's folder."""

from leyden.loggers.csv import CSV
from leyden.loggers.tensorboard import TensorBoard

__all__ = ["CSV", "TensorBoard"]
