"""Callbacks: one file, one job.

Those that `conf/callbacks/` names can be removed by `callbacks.NAME=null`; a run always has
`FiniteLoss`, `FinalValidation`, `Recorder`, `SignalStop` and `Hyperparameters`.
"""

from leyden.callbacks.early_stopping import early_stopping
from leyden.callbacks.final_validation import FinalValidation
from leyden.callbacks.finite_loss import FiniteLoss
from leyden.callbacks.gradient_norm import GradientNorm
from leyden.callbacks.graph import Graph
from leyden.callbacks.histograms import Histograms
from leyden.callbacks.hyperparameters import Hyperparameters
from leyden.callbacks.learning_rate import LearningRate
from leyden.callbacks.predictions import Predictions
from leyden.callbacks.progress import Progress
from leyden.callbacks.recorder import Recorder
from leyden.callbacks.signal_stop import SignalStop
from leyden.callbacks.summary import Summary
from leyden.callbacks.text_samples import TextSamples
from leyden.callbacks.throughput import Throughput

__all__ = [
    "FinalValidation",
    "FiniteLoss",
    "GradientNorm",
    "Graph",
    "Histograms",
    "Hyperparameters",
    "LearningRate",
    "Predictions",
    "Progress",
    "Recorder",
    "SignalStop",
    "Summary",
    "TextSamples",
    "Throughput",
    "early_stopping",
]
